-- What contacts said of e-mails: of each type of subscription, and of all of them. A yes counts for types whose purpose
-- is marketing; a no to any type is a no to marketing. Of archived contacts too: who said no has said it.
-- GRANTS NOTHING UNTIL SOMEBODY ANSWERS FOR IT: a no counts at once, a yes does not. Who has read the form on which
-- people agreed writes their name and the day here; from then on a yes counts too.
{% set confirmed_by = '{confirmed_by}' %}

with statuses as (
    {{ newest_version(
        source('raw', '{source}__subscription_statuses'), ['email', 'subscription_id'], 'contact_changed_at'
    ) }}
),

types as (
    {{ newest_version(source('raw', '{source}__subscription_types'), ['id']) }}
),

contacts as (
    {{ newest_version(source('raw', '{source}__contacts'), ['id'], 'updated_at') }}
),

final as (
    select
        '{source}:subscription:' || {{ clean('statuses.email') }} || ':' || statuses.subscription_id as consent_key,
        {{ email_ref('statuses.email__normalised') }} as person_ref,
        statuses.email__normalised as email,
        'email' as channel,
        'marketing' as purpose,
        case upper({{ clean('statuses.status') }})
            when 'SUBSCRIBED' then 'granted'
            when 'UNSUBSCRIBED' then 'withdrawn'
            else lower({{ clean('statuses.status') }})
        end as status,
        lower({{ clean('statuses.source') }}) as collected_by,
        statuses.stated_at as occurred_at,
        statuses._source,
        statuses._day
    from statuses
    left join types on statuses.subscription_id = types.id
    where
        coalesce(upper({{ clean('statuses.status') }}), '') <> 'NOT_SPECIFIED'
        and not (
            coalesce(upper({{ clean('statuses.status') }}), '') = 'SUBSCRIBED'
            and coalesce(lower({{ clean('types.purpose') }}), '') <> 'marketing'
        )
    union all
    select
        {{ native_key('{source}', 'id', 'opt_out') }} as consent_key,
        {{ id_ref('{source}', 'id') }} as person_ref,
        email__normalised as email,
        'email' as channel,
        'marketing' as purpose,
        'withdrawn' as status,
        'hs_email_optout' as collected_by,
        cast(null as {{ type_of('timestamp') }}) as occurred_at,
        _source,
        _day
    from contacts
    where coalesce(lower({{ clean('hs_email_optout') }}), 'false') <> 'false'
)

select * from final
where {% if is_named(confirmed_by) %}1 = 1{% else %}coalesce(status, '') <> 'granted'{% endif %}
