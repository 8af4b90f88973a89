-- The registered customers, and one record for each address that has ordered as a guest.
with customers as (
    {{ newest_version(source('raw', '{source}__customers'), ['id'], 'modified_at') }}
),

orders as (
    {{ newest_version(source('raw', '{source}__orders'), ['id'], 'modified_at') }}
),

guest_orders as (
    select
        *,
        min(created_at) over (partition by email__normalised) as first_at,
        row_number() over (partition by email__normalised order by created_at desc, id desc) as newest_first
    from orders
    where coalesce({{ clean('customer_id') }}, '0') = '0' and email__normalised is not null
),

final as (
    select
        {{ native_key('{source}', 'id', 'customer') }} as record_id,
        {{ id_ref('{source}', 'id') }} as person_ref,
        email__normalised as email,
        phone__normalised as phone,
        {{ clean('first_name') }} as first_name,
        {{ clean('last_name') }} as last_name,
        {{ clean('country') }} as country,
        {{ clean('state') }} as region,
        {{ clean('city') }} as city,
        {{ clean('postcode') }} as postal_code,
        case when is_paying_customer then 'customer' else 'contact' end as lifecycle,
        created_at,
        modified_at as updated_at,
        _source,
        _day
    from customers
    union all
    select
        '{source}:guest:' || email__normalised as record_id,
        {{ email_ref('email__normalised') }} as person_ref,
        email__normalised as email,
        phone__normalised as phone,
        {{ clean('first_name') }} as first_name,
        {{ clean('last_name') }} as last_name,
        {{ clean('billing_country') }} as country,
        cast(null as {{ type_of('text') }}) as region,
        cast(null as {{ type_of('text') }}) as city,
        cast(null as {{ type_of('text') }}) as postal_code,
        'customer' as lifecycle,
        first_at as created_at,
        modified_at as updated_at,
        _source,
        _day
    from guest_orders
    where newest_first = 1
)

select * from final
