-- The golden record: each attribute is the newest non-null one of the person's records. Records changed at the same
-- instant rank customer, lead, contact, and then by a hash of the record's name, so that the result is always the same.
{{ config(materialized='table') }}

{% set texts = [
    'first_name', 'last_name', 'gender', 'country', 'region', 'city', 'postal_code', 'language', 'time_zone',
    'account_key', 'lead_status', 'lead_source', 'loyalty_card', 'loyalty_tier',
] %}

with people as (
    select * from {{ source('identity', 'people') }}
),

identifiers as (
    select * from {{ source('identity', 'person_identifiers') }}
),

matched as (
    select * from {{ ref('int_people__matched') }}
),

records as (
    select
        matched.person_id,
        records.*,
        row_number() over (
            partition by matched.person_id
            order by
                case when records.is_enriched then 1 else 0 end,
                records.updated_at desc nulls last,
                case records.lifecycle when 'customer' then 1 when 'lead' then 2 else 3 end,
                {{ tie_break('records.record_id') }}
        ) as newest_first
    from {{ ref('int_people__cleaned') }} as records
    inner join matched on records.record_id = matched.record_id
),

buyers as (
    select distinct identifiers.person_id
    from {{ ref('int_orders__unioned') }} as orders
    inner join identifiers on orders.person_ref = identifiers.identifier
    where orders.status = 'completed' and not orders.is_return
),

-- an address known from an order, a consent or a message alone
addresses as (
    select
        person_id,
        {{ newest_text("case when kind = 'email' then substring(identifier from 7) end", 'newest_first') }} as email,
        {{ newest_text("case when kind = 'phone' then substring(identifier from 7) end", 'newest_first') }} as phone
    from (
        select
            person_id,
            identifier,
            kind,
            row_number() over (
                partition by person_id order by first_seen_day desc nulls last, {{ tie_break('identifier') }}
            ) as newest_first
        from identifiers
        where kind in ('email', 'phone')
    ) as ranked
    group by person_id
),

merged as (
    select
        person_id,
        {{ newest_text('email', 'newest_first') }} as email,
        {{ newest_text('phone', 'newest_first') }} as phone,
        {%- for column in texts %}
        {{ newest_text(column, 'newest_first') }} as {{ column }},
        {%- endfor %}
        {%- for column, type in extra_types('people').items() %}
        cast({{ newest_text(column, 'newest_first') }} as {{ type_of(type) }}) as {{ column }},
        {%- endfor %}
        cast({{ newest_text('birth_date', 'newest_first') }} as date) as birth_date,
        cast({{ newest_text('loyalty_points', 'newest_first') }} as {{ type_of('integer') }}) as loyalty_points,
        max(case lifecycle when 'customer' then 3 when 'lead' then 2 when 'contact' then 1 end) as lifecycle_rank,
        min(created_at) as created_at,
        min(case when lifecycle = 'lead' then created_at end) as lead_created_at
    from records
    group by person_id
),

final as (
    select
        people.person_id,
        coalesce(merged.email, addresses.email) as email,
        coalesce(merged.phone, addresses.phone) as phone,
        merged.first_name,
        merged.last_name,
        merged.birth_date,
        merged.gender,
        merged.country,
        merged.region,
        merged.city,
        merged.postal_code,
        merged.language,
        merged.time_zone,
        merged.account_key,
        case
            when buyers.person_id is not null or merged.lifecycle_rank = 3 then 'customer'
            when merged.lifecycle_rank = 2 then 'lead'
            else 'contact'
        end as lifecycle,
        merged.lead_status,
        merged.lead_source,
        merged.loyalty_card,
        merged.loyalty_points,
        merged.loyalty_tier,
        {%- for column in extra_types('people') %}
        merged.{{ column }},
        {%- endfor %}
        merged.created_at,
        {{ local_day('merged.created_at') }} as created_on,
        {{ local_day('merged.lead_created_at') }} as lead_created_on,
        merged.account_key is not null as is_trade,
        people.first_seen_day
    from people
    left join merged on people.person_id = merged.person_id
    left join addresses on people.person_id = addresses.person_id
    left join buyers on people.person_id = buyers.person_id
)

select * from final
