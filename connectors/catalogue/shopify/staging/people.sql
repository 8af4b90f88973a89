-- The customers that the shop still has. `customer_ids` was read whole: who stood there once and does no more is gone.
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

final as (
    select
        {{ native_key('{source}', 'customers.id', 'customer') }} as record_id,
        {{ id_ref('{source}', 'customers.id') }} as person_ref,
        customers.email__normalised as email,
        customers.phone__normalised as phone,
        {{ clean('customers.first_name') }} as first_name,
        {{ clean('customers.last_name') }} as last_name,
        {{ clean('customers.country_code') }} as country,
        {{ clean('customers.province_code') }} as region,
        {{ clean('customers.city') }} as city,
        {{ clean('customers.zip') }} as postal_code,
        'customer' as lifecycle,
        customers.created_at,
        customers.updated_at,
        {{ extra_columns('{source}', 'people') }}
        customers._source,
        customers._day
    from customers
    left join present on customers.id = present.id
    left join known on customers.id = known.id
    where present.id is not null or known.id is null
)

select * from final
