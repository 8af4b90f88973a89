-- Who gave an e-mail address to identify(): ties the site's number of a customer to it.
with identified as (
    select
        user_id,
        coalesce(traits_email__normalised, context_email__normalised) as email,
        max(first_name) as first_name,
        max(last_name) as last_name,
        min(occurred_at) as created_at,
        max(occurred_at) as updated_at,
        max(_source) as _source,
        min(_day) as _day
    from {{ source('raw', '{source}__events') }}
    where
        _day <= {{ day() }}
        and type = 'identify'
        and coalesce(traits_email__normalised, context_email__normalised) is not null
    group by user_id, coalesce(traits_email__normalised, context_email__normalised)
),

final as (
    select
        '{source}:' || coalesce({{ clean('user_id') }}, '') || ':' || email as record_id,
        coalesce({{ id_ref('{people}', 'user_id') }}, {{ email_ref('email') }}) as person_ref,
        email,
        {{ clean('first_name') }} as first_name,
        {{ clean('last_name') }} as last_name,
        'contact' as lifecycle,
        created_at,
        updated_at,
        _source,
        _day
    from identified
)

select * from final
