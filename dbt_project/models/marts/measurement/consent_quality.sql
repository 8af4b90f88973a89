-- What in the statements of consent could not be taken at its word, by source: docs/reference/consent.md says how it is
-- taken.
with consents as (
    select * from {{ ref('int_consents__unioned') }}
),

refused_consents as (
    {{ entity_refused('consents') }}
),

refused_messages as (
    {{ entity_refused('messages') }}
),

refused as (
    select _source, person_ref, email, phone from refused_consents
    union all
    select _source, person_ref, email, phone from refused_messages
),

messages as (
    select
        _source,
        _day,
        person_ref,
        email,
        phone,
        occurred_at,
        event,
        {{ computed_once(stopping_word('event')) }} as stop
    from {{ ref('int_messages__unioned') }}
),

judged as (
    select
        _source,
        coalesce(person_ref, email, phone) is null and not {{ is_grant('consents') }} as is_untied,
        {{ channel_word('channel') }} is null
        or {{ purpose_word('purpose') }} is null
        or coalesce({{ word('status') }}, '') not in ('granted', 'withdrawn') as has_unknown_word,
        {{ is_timed('consents') }} and not {{ is_believed('occurred_at', '_day') }} as has_wrong_clock
    from consents
    union all
    select
        _source,
        coalesce(person_ref, email, phone) is null as is_untied,
        not {{ is_known_word('event') }} as has_unknown_word,
        not {{ is_believed('occurred_at', '_day') }} as has_wrong_clock
    from messages
    where stop is not null
),

counted as (
    select _source, 'stated' as kind, count(*) as statements from judged group by _source
    union all
    select _source, 'unknown_word', sum(case when has_unknown_word then 1 else 0 end) from judged group by _source
    union all
    select _source, 'wrong_clock', sum(case when has_wrong_clock then 1 else 0 end) from judged group by _source
    union all
    select _source, 'untied', sum(case when is_untied then 1 else 0 end) from judged group by _source
    union all
    select _source, 'refused', count(*) from refused group by _source
    union all
    select _source, 'untied', sum(case when coalesce(person_ref, email, phone) is null then 1 else 0 end)
    from refused
    group by _source
),

final as (
    select
        cast(_source as {{ type_of('text') }}) as source,
        cast(kind as {{ type_of('text') }}) as kind,
        cast(sum(statements) as {{ type_of('integer') }}) as statements
    from counted
    group by _source, kind
)

select * from final
