-- What each customer said of e-mails and of texts, as the shop keeps it: the newest answer with its time. Never asked
-- (`not_subscribed`) and not yet confirmed (`pending`) say nothing. Whatever else it is, is a no. A customer whom the
-- shop has deleted grants nothing any more.
-- GRANTS NOTHING UNTIL SOMEBODY ANSWERS FOR IT: a no counts at once, a yes does not. Who has read the form on which
-- people agreed writes their name and the day here; from then on a yes counts too.
{% set confirmed_by = '{confirmed_by}' %}

with customers as (
    {{ newest_version(source('raw', '{source}__customers'), ['id'], 'updated_at') }}
),

present as (
    {{ newest_version(source('raw', '{source}__customer_ids'), ['id']) }}
),

known as (
    select id
    from {{ source('raw', '{source}__customer_ids') }}
    where _day <= {{ day() }}
    group by id
),

kept as (
    select customers.*
    from customers
    left join present on customers.id = present.id
    left join known on customers.id = known.id
    where present.id is not null or known.id is null
),

final as (
    select
        {{ native_key('{source}', 'id', 'email') }} as consent_key,
        {{ id_ref('{source}', 'id') }} as person_ref,
        email__normalised as email,
        cast(null as {{ type_of('text') }}) as phone,
        'email' as channel,
        'marketing' as purpose,
        case lower({{ clean('email_consent_state') }})
            when 'subscribed' then 'granted'
            else 'withdrawn'
        end as status,
        {{ clean('email_consent_level') }} as wording_version,
        'shopify' as collected_by,
        email_consent_at as occurred_at,
        _source,
        _day
    from kept
    where lower({{ clean('email_consent_state') }}) not in ('not_subscribed', 'pending')
    union all
    select
        {{ native_key('{source}', 'id', 'sms') }} as consent_key,
        {{ id_ref('{source}', 'id') }} as person_ref,
        cast(null as {{ type_of('text') }}) as email,
        phone__normalised as phone,
        'sms' as channel,
        'marketing' as purpose,
        case lower({{ clean('sms_consent_state') }})
            when 'subscribed' then 'granted'
            else 'withdrawn'
        end as status,
        {{ clean('sms_consent_level') }} as wording_version,
        coalesce(lower({{ clean('sms_consent_from') }}), 'shopify') as collected_by,
        sms_consent_at as occurred_at,
        _source,
        _day
    from kept
    where lower({{ clean('sms_consent_state') }}) not in ('not_subscribed', 'pending')
)

select * from final
where {% if is_named(confirmed_by) %}1 = 1{% else %}coalesce(status, '') <> 'granted'{% endif %}
