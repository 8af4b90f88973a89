-- What profiles said of e-mails and texts, and who may not be written to any more. A bounce is no word of anybody: it
-- stands in messages.
-- GRANTS NOTHING UNTIL SOMEBODY ANSWERS FOR IT: a no counts at once, a yes does not. Who has read the form on which
-- people agreed writes their name and the day here; from then on a yes counts too.
{% set confirmed_by = '{confirmed_by}' %}

with profiles as (
    {{ newest_version(source('raw', '{source}__profiles'), ['id'], 'updated') }}
),

consents as (
    {%- for channel in ['email', 'sms'] %}
    select
        '{source}:{{ channel }}:' || id as consent_key,
        id,
        email__normalised,
        phone_number__normalised,
        '{{ channel }}' as channel,
        upper({{ clean(channel ~ '_consent') }}) as word,
        lower({{ clean(channel ~ '_method') }}) as collected_by,
        {{ channel }}_consent_at as occurred_at,
        _source,
        _day
    from profiles
    where coalesce(upper({{ clean(channel ~ '_consent') }}), 'NEVER_SUBSCRIBED') <> 'NEVER_SUBSCRIBED'
    union all
    {%- endfor %}
    {%- for list in ['suppression', 'list_suppressions'] %}
    select distinct
        '{source}:{{ list }}:' || profiles.id || ':' || coalesce({{ json_text('item', ['list_id']) }}, '') || ':'
        || coalesce({{ json_text('item', ['reason']) }}, '') || ':'
        || coalesce({{ json_text('item', ['timestamp']) }}, '') as consent_key,
        profiles.id,
        profiles.email__normalised,
        profiles.phone_number__normalised,
        'email' as channel,
        'SUPPRESSED' as word,
        lower({{ json_text('item', ['reason']) }}) as collected_by,
        {{ json_instant('item', ['timestamp']) }} as occurred_at,
        profiles._source,
        profiles._day
    from profiles {{ each_item('profiles.email_' ~ list, 'item') }}
    where coalesce({{ json_text('item', ['reason']) }}, '') not in ('HARD_BOUNCE', 'INVALID_EMAIL')
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

final as (
    select
        consent_key,
        {{ id_ref('{source}', 'id') }} as person_ref,
        case when channel = 'email' then email__normalised end as email,
        case when channel = 'sms' then phone_number__normalised end as phone,
        channel,
        'marketing' as purpose,
        case word
            when 'SUBSCRIBED' then 'granted'
            when 'UNSUBSCRIBED' then 'withdrawn'
            when 'SUPPRESSED' then 'withdrawn'
            else lower(word)
        end as status,
        collected_by,
        occurred_at,
        _source,
        _day
    from consents
)

select * from final
where {% if is_named(confirmed_by) %}1 = 1{% else %}coalesce(status, '') <> 'granted'{% endif %}
