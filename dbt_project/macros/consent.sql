{#
    The one rule of consent; docs/reference/consent.md says it in words. Who said what, about which channel and purpose, when,
    by which identifier: `statements`. Whom that reaches, and whether it was answered: `consent_standing`.
#}

{% macro contact_channels() -%}
    {%- for channel in ['email', 'sms', 'push', 'ads', 'mail'] %}
    select '{{ channel }}' as channel {% if not loop.last %}union all{% endif %}
    {%- endfor %}
{%- endmacro %}

{% macro contact_purposes() -%}
    select 'marketing' as purpose union all select 'profiling' as purpose
{%- endmacro %}

{# A word as the rule reads it: lower case, no spaces around it, NULL when nothing is left. #}
{% macro word(column) -%} lower({{ clean(column) }}) {%- endmacro %}

{# A word that is known, or 'any'; NULL otherwise. #}
{% macro known_word(column, words) -%}
    case when {{ word(column) }} in ('any'{% for known in words %}, '{{ known }}'{% endfor %}) then {{ word(column) }} end
{%- endmacro %}

{% macro channel_word(column) -%} {{ known_word(column, ['email', 'sms', 'push', 'ads', 'mail']) }} {%- endmacro %}

{% macro purpose_word(column) -%} {{ known_word(column, ['marketing', 'profiling']) }} {%- endmacro %}

{% macro is_grant(row) -%} coalesce({{ word(row ~ '.status') }} = 'granted', false) {%- endmacro %}

{% macro end_of(day) -%} {{ dbt.dateadd('day', 1, as_instant(day)) }} {%- endmacro %}

{# A source says when: midnight of the day it was pulled for is what a staging model gives that has no time. #}
{% macro is_timed(row) -%}
    coalesce({{ row }}.occurred_at <> {{ as_instant(row ~ '._day') }}, false)
{%- endmacro %}

{# A clock that can be believed: clocks that have lost their battery begin at 1970, 1980, 2000 or 2001. #}
{% macro is_believed(row, received_day) -%}
    coalesce(
        {{ row }}.occurred_at >= {{ as_instant("'2002-01-01'") }} and {{ local_day(row ~ '.occurred_at') }} <= {{ received_day }}, false
    )
{%- endmacro %}

{# What a consent says and since when by its own words, as one text: equal states are the same statement. #}
{% macro consent_state(row) -%}
    {%- for column in ['person_ref', 'email', 'phone', 'channel', 'purpose', 'status'] %}
    coalesce({{ row }}.{{ column }}, '') || '|' ||
    {%- endfor %}
    coalesce(cast(case when {{ is_timed(row) }} then {{ row }}.occurred_at end as {{ type_of('text') }}), '')
{%- endmacro %}

{#
    One row for each identifier, channel and purpose of each statement: (source, key, identifier, channel, purpose, said,
    said_at, seen_day); identifier is NULL where none could be read. said: granted, withdrawn, unsubscribed, complained or
    bounced. A grant answers a stop when its said_at is later and its seen_day is not earlier; so the seen_day of a grant
    whose clock cannot be believed is the day before it came.

    any_day     what has arrived by now, also after D
#}
{% macro statements(any_day=false) -%}
with consents as (
    {{ entity_any_day('consents') if any_day else 'select * from ' ~ ref('int_consents__unioned') }}
),

-- every version of every row: a row may say again what it said before, and must not be younger for that
versions as (
    {{ entity_versions('consents', any_day) }}
),

several as (
    select consent_key
    from versions
    group by consent_key
    having count(*) > 1
),

states as (
    select
        versions.consent_key,
        versions._day,
        {{ consent_state('versions') }} as state
    from versions
    inner join several on versions.consent_key = several.consent_key
),

changes as (
    select
        *,
        case when state = lag(state) over (partition by consent_key order by _day, state) then 0 else 1 end as is_change
    from states
),

runs as (
    select
        *,
        sum(is_change) over (partition by consent_key order by _day, state rows unbounded preceding) as run
    from changes
),

first_days as (
    select
        consent_key,
        state,
        max(first_day) as first_day   -- of the last run
    from (
        select
            consent_key,
            state,
            min(_day) as first_day
        from runs
        group by consent_key, state, run
    ) as begun
    group by consent_key, state
),

-- what a row says now, and the stops it held before: they go on, also when their row is deleted at its source
everything as (
    select
        consents.*,
        1 as is_newest
    from consents
    union all
    select
        versions.*,
        0 as is_newest
    from versions
    left join consents
        on versions.consent_key = consents.consent_key and {{ consent_state('versions') }} = {{ consent_state('consents') }}
    where consents.consent_key is null and not {{ is_grant('versions') }}
),

dated as (
    select
        everything.*,
        coalesce(first_days.first_day, everything._day) as first_day
    from everything
    left join first_days
        on everything.consent_key = first_days.consent_key and {{ consent_state('everything') }} = first_days.state
),

believed as (
    select
        dated.*,
        {{ is_grant('dated') }} as is_grant,
        {{ is_timed('dated') }} and {{ is_believed('dated', 'dated.first_day') }} as is_believed,
        {{ channel_word('dated.channel') }} as known_channel,
        {{ purpose_word('dated.purpose') }} as known_purpose
    from dated
),

spoken as (
    select
        _source,
        consent_key as statement_key,
        is_newest,
        person_ref,
        {{ email_ref('email') }} as email_ref,
        {{ phone_ref('phone') }} as phone_ref,
        coalesce(known_channel, 'any') as channel,
        coalesce(known_purpose, 'any') as purpose,
        case when is_grant then 'granted' else 'withdrawn' end as said,
        case
            when not is_believed then {{ end_of('first_day') }}
            when is_grant or occurred_at <> {{ as_instant('cast(occurred_at as date)') }} then occurred_at
            else {{ end_of('cast(occurred_at as date)') }}   -- a date without an hour
        end as said_at,
        case
            when is_grant and not is_believed then cast({{ dbt.dateadd('day', -1, 'first_day') }} as date)
            else first_day
        end as seen_day
    from believed
    where not is_grant or (known_channel is not null and known_purpose is not null)
),

refused_consents as (
    {{ entity_refused('consents', any_day) }}
),

refused as (
    select
        _source,
        consent_key as statement_key,
        1 as is_newest,
        person_ref,
        {{ email_ref('email') }} as email_ref,
        {{ phone_ref('phone') }} as phone_ref,
        coalesce({{ channel_word('channel') }}, 'any') as channel,
        coalesce({{ purpose_word('purpose') }}, 'any') as purpose,
        'withdrawn' as said,
        {{ end_of('_day') }} as said_at,
        _day as seen_day
    from refused_consents
),

messages as (
    {{ entity_any_day('messages') if any_day else 'select * from ' ~ ref('int_messages__unioned') }}
    union all
    {{ entity_refused('messages', any_day) }}
),

-- an event may be delivered twice: the first counts
stopping as (
    select
        _source,
        message_event_key,
        person_ref,
        email,
        phone,
        channel,
        event,
        occurred_at,
        min(_day) as _day
    from messages
    where event in ('unsubscribed', 'complained') or (event = 'bounced' and is_hard_bounce)
    group by _source, message_event_key, person_ref, email, phone, channel, event, occurred_at
),

reported as (
    select
        _source,
        message_event_key as statement_key,
        1 as is_newest,
        person_ref,
        {{ email_ref('email') }} as email_ref,
        {{ phone_ref('phone') }} as phone_ref,
        coalesce({{ channel_word('channel') }}, 'any') as channel,
        'marketing' as purpose,
        event as said,
        case when {{ is_believed('stopping', '_day') }} then occurred_at else {{ end_of('_day') }} end as said_at,
        _day as seen_day
    from stopping
),

together as (
    select * from spoken
    union all
    select * from refused
    union all
    select * from reported
),

identified as (
    {%- for column in ['person_ref', 'email_ref', 'phone_ref'] %}
    select _source, statement_key, is_newest, {{ column }} as identifier, channel, purpose, said, said_at, seen_day
    from together
    where {{ column }} is not null
    union all
    {%- endfor %}
    select _source, statement_key, is_newest, null as identifier, channel, purpose, said, said_at, seen_day
    from together
    where coalesce(person_ref, email_ref, phone_ref) is null
),

expanded as (
    select
        identified._source,
        identified.statement_key,
        identified.is_newest,
        cast(identified.identifier as {{ type_of('text') }}) as identifier,
        channels.channel,
        purposes.purpose,
        identified.said,
        identified.said_at,
        identified.seen_day
    from identified
    inner join ({{ contact_channels() }}) as channels
        on identified.channel = channels.channel or identified.channel = 'any'
    inner join ({{ contact_purposes() }}) as purposes
        on identified.purpose = purposes.purpose or identified.purpose = 'any'
),

-- the row itself has taken its earlier stop back, for the same identifier, channel and purpose
granted_now as (
    select distinct
        statement_key,
        identifier,
        channel,
        purpose
    from expanded
    where said = 'granted'
),

final as (
    select distinct
        expanded._source,
        expanded.statement_key,
        expanded.identifier,
        expanded.channel,
        expanded.purpose,
        expanded.said,
        expanded.said_at,
        expanded.seen_day
    from expanded
    left join granted_now
        on
            expanded.is_newest = 0
            and expanded.statement_key = granted_now.statement_key
            and expanded.identifier = granted_now.identifier
            and expanded.channel = granted_now.channel
            and expanded.purpose = granted_now.purpose
    where granted_now.statement_key is null
)

select * from final
{%- endmacro %}

{# Whether a contact point of this kind is what a channel reaches somebody by. #}
{% macro reaches(kind, channel) -%}
    (
        ({{ kind }} = 'email' and {{ channel }} in ('email', 'ads')) or
        ({{ kind }} = 'phone' and {{ channel }} in ('sms', 'ads')) or
        ({{ kind }} = 'device' and {{ channel }} = 'push')
    )
{%- endmacro %}

{#
    Everybody's standing for each channel and purpose that anything reaches them about: (person_id, channel, purpose,
    granted_at, stopped_at, stopped_by, stopped_for), the last three of the newest unanswered stop, or NULL.

    statements  a relation as statements() gives it
#}
{% macro consent_standing(statements) -%}
with points as (
    select * from {{ ref('int_people__contact_points') }}
),

reached as (
    select
        points.person_id,
        points.is_own,
        points.kind,
        points.is_used and {{ reaches('points.kind', 'said.channel') }} as is_address,
        said.*
    from {{ statements }} as said
    inner join points on said.identifier = points.identifier
    where
        -- given up since, and another's now: only what was said in its time
        (points.until_day is null or said.seen_day <= points.until_day or cast(said.said_at as date) <= points.until_day)
        -- a bounce speaks of the address alone
        and (said.said <> 'bounced' or points.is_used or points.kind not in ('email', 'phone', 'device'))
),

grants as (
    select * from reached
    where said = 'granted'
),

stops as (
    select * from reached
    where said <> 'granted'
),

unanswered as (
    select
        stops.*,
        row_number() over (
            partition by stops.person_id, stops.channel, stops.purpose
            order by
                stops.said_at desc,
                case stops.said when 'complained' then 1 when 'unsubscribed' then 2 when 'withdrawn' then 3 else 4 end,
                {{ tie_break('stops.identifier') }}
        ) as newest_first
    from stops
    left join grants
        on
            stops.person_id = grants.person_id
            and stops.channel = grants.channel
            and stops.purpose = grants.purpose
            and stops.said_at < grants.said_at
            and stops.seen_day <= grants.seen_day
            and (
                stops.identifier = grants.identifier
                or (grants.is_own and not stops.is_address)
                or (grants.is_own and stops.is_own and grants.kind not in ('email', 'phone', 'device'))
            )
    where grants.person_id is null
),

granted as (
    select
        person_id,
        channel,
        purpose,
        max(said_at) as granted_at
    from grants
    where is_own
    group by person_id, channel, purpose
),

everybody as (
    select person_id, channel, purpose from granted
    union
    select person_id, channel, purpose from stops
),

final as (
    select
        everybody.person_id,
        everybody.channel,
        everybody.purpose,
        granted.granted_at,
        unanswered.said_at as stopped_at,
        unanswered.said as stopped_by,
        unanswered.identifier as stopped_for
    from everybody
    left join granted
        on
            everybody.person_id = granted.person_id
            and everybody.channel = granted.channel
            and everybody.purpose = granted.purpose
    left join unanswered
        on
            everybody.person_id = unanswered.person_id
            and everybody.channel = unanswered.channel
            and everybody.purpose = unanswered.purpose
            and unanswered.newest_first = 1
)

select * from final
{%- endmacro %}

{# Nobody of the seed `suppressed_identifiers` is ever contacted, whichever of their contact points is listed: person_ids. #}
{% macro suppressed_people() -%}
    select distinct points.person_id
    from {{ ref('int_people__contact_points') }} as points
    inner join {{ ref('suppressed_identifiers') }} as listed
        on {{ dbt.hash('points.identifier') }} = listed.identifier_md5
{%- endmacro %}

{# A branch of a case: why consent keeps somebody from a sync. Of a sync that contacts nobody it is not asked.

    syncs           row of activation.syncs · contactability   the person's row for its channel and purpose, or none
#}
{% macro when_not_allowed(syncs='syncs', contactability='contactability') -%}
    when {{ syncs }}.contact_channel <> 'none' and not coalesce({{ contactability }}.allowed, false)
                then coalesce({{ contactability }}.reason, 'no_consent')
{%- endmacro %}
