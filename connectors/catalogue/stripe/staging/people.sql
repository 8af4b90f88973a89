-- Each customer in the newest of its states: the one that its list gave, known as of its pull, and those that events
-- tell. A deleted customer is none any more. Who paid without being one is a record for each address.
with customers as (
    {{ newest_version(source('raw', '{source}__customers'), ['id']) }}
),

changes as (
    {{ newest_version(source('raw', '{source}__changes'), ['id']) }}
),

states as (
    select
        id,
        email__normalised,
        phone__normalised,
        name,
        country,
        state,
        city,
        postal_code,
        created_at,
        _pulled_at as known_at,
        false as is_deleted,
        _line,
        _source,
        _day
    from customers
    union all
    select
        object_id as id,
        email__normalised,
        phone__normalised,
        name,
        country,
        state,
        city,
        postal_code,
        object_created_at as created_at,
        created_at as known_at,
        type = 'customer.deleted' as is_deleted,
        _line,
        _source,
        _day
    from changes
    where type in ('customer.updated', 'customer.deleted')
),

ranked as (
    select
        *,
        max(case when is_deleted then 1 else 0 end) over (partition by id) as ends,
        row_number() over (partition by id order by known_at desc, _line) as newest_first
    from states
),

payers as (
    select
        coalesce(email__normalised, receipt_email__normalised) as address,
        max(country) as country,
        min(created_at) as created_at,
        max(created_at) as updated_at,
        max(_source) as _source,
        min(_day) as _day
    from {{ source('raw', '{source}__charges') }}
    where
        _day <= {{ day() }}
        and customer_id is null
        and status = 'succeeded'
        and is_captured
        and coalesce(email__normalised, receipt_email__normalised) is not null
    group by coalesce(email__normalised, receipt_email__normalised)
),

final as (
    select
        {{ native_key('{source}', 'id', 'customer') }} as record_id,
        {{ id_ref('{source}', 'id') }} as person_ref,
        email__normalised as email,
        phone__normalised as phone,
        {{ dbt.split_part(clean('name'), "' '", 1) }} as first_name,
        nullif({{ dbt.split_part(clean('name'), "' '", 2) }}, '') as last_name,
        {{ clean('country') }} as country,
        {{ clean('state') }} as region,
        {{ clean('city') }} as city,
        {{ clean('postal_code') }} as postal_code,
        'customer' as lifecycle,
        created_at,
        case when known_at > created_at then known_at else created_at end as updated_at,
        _source,
        _day
    from ranked
    where newest_first = 1 and ends = 0
    union all
    select
        '{source}:payer:' || address as record_id,
        {{ email_ref('address') }} as person_ref,
        address as email,
        cast(null as {{ type_of('text') }}) as phone,
        cast(null as {{ type_of('text') }}) as first_name,
        cast(null as {{ type_of('text') }}) as last_name,
        {{ clean('country') }} as country,
        cast(null as {{ type_of('text') }}) as region,
        cast(null as {{ type_of('text') }}) as city,
        cast(null as {{ type_of('text') }}) as postal_code,
        'customer' as lifecycle,
        created_at,
        updated_at,
        _source,
        _day
    from payers
)

select * from final
