-- Customers of the shop, leads of the CRM, loyalty members known at the till alone, and people who signed up for a
-- webinar: four records of perhaps one human, left apart here and joined by `fairlead resolve`.
with customers as (
    {{ newest_version(source('raw', 'sample_shop__customers'), ['customer_id'], 'updated_at') }}
),

leads as (
    {{ newest_version(source('raw', 'sample_shop__leads'), ['lead_id'], 'updated_at') }}
),

till_people as (
    select
        loyalty_card,
        email__normalised,
        max(customer_name) as customer_name,
        min(sold_at) as created_at,
        max(sold_at) as updated_at,
        max(_source) as _source,
        min(_day) as _day
    from {{ source('raw', 'sample_shop__till_lines') }}
    where
        _day <= {{ day() }}
        and {{ clean('loyalty_card') }} is not null
        and email__normalised is not null
    group by loyalty_card, email__normalised
),

registrants as (
    select
        email__normalised,
        max(first_name) as first_name,
        max(last_name) as last_name,
        max({{ clean('company') }}) as company,
        min(registered_at) as created_at,
        max(registered_at) as updated_at,
        max(_source) as _source,
        min(_day) as _day
    from {{ source('raw', 'sample_shop__registrations') }}
    where
        _day <= {{ day() }}
        and email__normalised is not null
    group by email__normalised
),

customer_records as (
    select
        {{ native_key('sample_shop', 'customer_id', 'customer') }} as record_id,
        {{ id_ref('shop', 'customer_id') }} as person_ref,
        email__normalised as email,
        phone__normalised as phone,
        {{ clean('first_name') }} as first_name,
        {{ clean('last_name') }} as last_name,
        birth_date,
        {{ clean('gender') }} as gender,
        {{ clean('country') }} as country,
        {{ clean('city') }} as city,
        {{ clean('postal_code') }} as postal_code,
        {{ clean('street') }} as street,
        {{ clean('language') }} as language,
        {{ clean('time_zone') }} as time_zone,
        cast(null as {{ type_of('text') }}) as company,
        {{ native_key('sample_shop', 'account_id') }} as account_key,
        'customer' as lifecycle,
        {{ clean('loyalty_card') }} as loyalty_card,
        loyalty_points,
        {{ clean('loyalty_tier') }} as loyalty_tier,
        cast(null as {{ type_of('text') }}) as lead_status,
        cast(null as {{ type_of('text') }}) as lead_source,
        created_at,
        updated_at,
        _source,
        _day
    from customers
),

lead_records as (
    select
        {{ native_key('sample_shop', 'lead_id', 'lead') }} as record_id,
        {{ id_ref('crm', 'lead_id') }} as person_ref,
        email__normalised as email,
        phone__normalised as phone,
        {{ clean('first_name') }} as first_name,
        {{ clean('last_name') }} as last_name,
        cast(null as date) as birth_date,
        cast(null as {{ type_of('text') }}) as gender,
        {{ clean('country') }} as country,
        cast(null as {{ type_of('text') }}) as city,
        cast(null as {{ type_of('text') }}) as postal_code,
        cast(null as {{ type_of('text') }}) as street,
        cast(null as {{ type_of('text') }}) as language,
        cast(null as {{ type_of('text') }}) as time_zone,
        {{ clean('company') }} as company,
        {{ native_key('sample_shop', 'account_id') }} as account_key,
        'lead' as lifecycle,
        cast(null as {{ type_of('text') }}) as loyalty_card,
        cast(null as {{ type_of('integer') }}) as loyalty_points,
        cast(null as {{ type_of('text') }}) as loyalty_tier,
        lower({{ clean('status') }}) as lead_status,
        lower({{ clean('lead_source') }}) as lead_source,
        created_at,
        updated_at,
        _source,
        _day
    from leads
),

till_records as (
    select
        'sample_shop:till:' || trim(loyalty_card) || ':' || email__normalised as record_id,
        {{ id_ref('loyalty', 'loyalty_card') }} as person_ref,
        email__normalised as email,
        cast(null as {{ type_of('text') }}) as phone,
        -- `Lovelace; Ada` or `Ada Lovelace`
        case
            when customer_name like '%;%' then {{ clean(dbt.split_part('customer_name', "';'", 2)) }}
            else {{ dbt.split_part(clean('customer_name'), "' '", 1) }}
        end as first_name,
        case
            when customer_name like '%;%' then {{ clean(dbt.split_part('customer_name', "';'", 1)) }}
            else nullif({{ dbt.split_part(clean('customer_name'), "' '", 2) }}, '')
        end as last_name,
        cast(null as date) as birth_date,
        cast(null as {{ type_of('text') }}) as gender,
        cast(null as {{ type_of('text') }}) as country,
        cast(null as {{ type_of('text') }}) as city,
        cast(null as {{ type_of('text') }}) as postal_code,
        cast(null as {{ type_of('text') }}) as street,
        cast(null as {{ type_of('text') }}) as language,
        cast(null as {{ type_of('text') }}) as time_zone,
        cast(null as {{ type_of('text') }}) as company,
        cast(null as {{ type_of('text') }}) as account_key,
        'customer' as lifecycle,
        {{ clean('loyalty_card') }} as loyalty_card,
        cast(null as {{ type_of('integer') }}) as loyalty_points,
        cast(null as {{ type_of('text') }}) as loyalty_tier,
        cast(null as {{ type_of('text') }}) as lead_status,
        cast(null as {{ type_of('text') }}) as lead_source,
        created_at,
        updated_at,
        _source,
        _day
    from till_people
),

registrant_records as (
    select
        'sample_shop:registrant:' || email__normalised as record_id,
        {{ email_ref('email__normalised') }} as person_ref,
        email__normalised as email,
        cast(null as {{ type_of('text') }}) as phone,
        {{ clean('first_name') }} as first_name,
        {{ clean('last_name') }} as last_name,
        cast(null as date) as birth_date,
        cast(null as {{ type_of('text') }}) as gender,
        cast(null as {{ type_of('text') }}) as country,
        cast(null as {{ type_of('text') }}) as city,
        cast(null as {{ type_of('text') }}) as postal_code,
        cast(null as {{ type_of('text') }}) as street,
        cast(null as {{ type_of('text') }}) as language,
        cast(null as {{ type_of('text') }}) as time_zone,
        company,
        cast(null as {{ type_of('text') }}) as account_key,
        'contact' as lifecycle,
        cast(null as {{ type_of('text') }}) as loyalty_card,
        cast(null as {{ type_of('integer') }}) as loyalty_points,
        cast(null as {{ type_of('text') }}) as loyalty_tier,
        cast(null as {{ type_of('text') }}) as lead_status,
        cast(null as {{ type_of('text') }}) as lead_source,
        created_at,
        updated_at,
        _source,
        _day
    from registrants
),

final as (
    select * from customer_records
    union all
    select * from lead_records
    union all
    select * from till_records
    union all
    select * from registrant_records
)

select * from final
