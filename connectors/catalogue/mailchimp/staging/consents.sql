-- What members said of e-mails and texts. When they said no stands nowhere but in the reports of campaigns, which are
-- messages; and so do addresses that were cleaned, since a bounce is no word of anybody.
-- GRANTS NOTHING UNTIL SOMEBODY ANSWERS FOR IT: a no counts at once, a yes does not. Who has read the form on which
-- people agreed writes their name and the day here; from then on a yes counts too.
{% set confirmed_by = '{confirmed_by}' %}

with members as (
    {{ newest_version(source('raw', '{source}__members'), ['list_id', 'id'], 'last_changed') }}
),

archived as (
    {{ newest_version(source('raw', '{source}__archived_members'), ['list_id', 'id'], 'last_changed') }}
),

final as (
    select
        '{source}:email:' || list_id || ':' || id as consent_key,
        {{ email_ref('email_address__normalised') }} as person_ref,
        email_address__normalised as email,
        cast(null as {{ type_of('text') }}) as phone,
        'email' as channel,
        'marketing' as purpose,
        case lower({{ clean('status') }})
            when 'subscribed' then 'granted'
            when 'unsubscribed' then 'withdrawn'
            else lower({{ clean('status') }})
        end as status,
        lower({{ clean('member_source') }}) as collected_by,
        case when lower({{ clean('status') }}) = 'subscribed' then {{ clean('ip_opt') }} end as ip,
        case when lower({{ clean('status') }}) = 'subscribed' then timestamp_opt end as occurred_at,
        _source,
        _day
    from members
    where coalesce(lower({{ clean('status') }}), '') not in ('pending', 'transactional', 'cleaned')
    union all
    select
        '{source}:archived:' || list_id || ':' || id as consent_key,
        {{ email_ref('email_address__normalised') }} as person_ref,
        email_address__normalised as email,
        cast(null as {{ type_of('text') }}) as phone,
        'email' as channel,
        'marketing' as purpose,
        'withdrawn' as status,
        'archived' as collected_by,
        cast(null as {{ type_of('text') }}) as ip,
        cast(null as {{ type_of('timestamp') }}) as occurred_at,
        _source,
        _day
    from archived
    union all
    select
        '{source}:sms:' || list_id || ':' || id as consent_key,
        {{ phone_ref('sms_phone_number__normalised') }} as person_ref,
        cast(null as {{ type_of('text') }}) as email,
        sms_phone_number__normalised as phone,
        'sms' as channel,
        'marketing' as purpose,
        case lower({{ clean('sms_subscription_status') }})
            when 'subscribed' then 'granted'
            when 'unsubscribed' then 'withdrawn'
            else lower({{ clean('sms_subscription_status') }})
        end as status,
        lower({{ clean('member_source') }}) as collected_by,
        cast(null as {{ type_of('text') }}) as ip,
        sms_subscription_last_updated as occurred_at,
        _source,
        _day
    from members
    where coalesce(lower({{ clean('sms_subscription_status') }}), 'pending') not in ('pending', 'nonsubscribed')
)

select * from final
where {% if is_named(confirmed_by) %}1 = 1{% else %}coalesce(status, '') <> 'granted'{% endif %}
