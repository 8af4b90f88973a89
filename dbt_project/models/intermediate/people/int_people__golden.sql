-- noqa: disable=LT05
-- The golden record: each field as a steward has set it, else as people/golden_record.yml chooses among the person's
-- records (int_people__survivors). One row a person.
{{ config(materialized='table') }}

with people as (
    select * from {{ source('identity', 'people') }}
),

identifiers as (
    select * from {{ source('identity', 'person_identifiers') }}
),

verified as (
    select * from {{ ref('int_people__verified') }}
),

survivors as (
    select * from {{ ref('int_people__survivors') }}
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
        {{ newest_text("case when kind = 'email' then substring(identifier from 7) end", 'best_first') }} as email,
        {{ newest_text("case when kind = 'phone' then substring(identifier from 7) end", 'best_first') }} as phone
    from (
        select
            identifiers.person_id,
            identifiers.identifier,
            identifiers.kind,
            row_number() over (
                partition by identifiers.person_id
                order by
                    case when verified.is_dead then 1 else 0 end,
                    identifiers.first_seen_day desc nulls last,
                    {{ tie_break('identifiers.identifier') }}
            ) as best_first
        from identifiers
        left join verified on identifiers.identifier = verified.identifier
        where identifiers.kind in ('email', 'phone')
    ) as ranked
    group by person_id
),

overridden as (
    select
        person_id
        {%- for field, unit in golden_fields() %},
        max(case when field = '{{ field }}' then value end) as {{ field }},
        max(case when field = '{{ field }}' then 1 end) as {{ field }}__is_set
        {%- endfor %}
    from {{ ref('int_people__overrides') }}
    group by person_id
),

chosen as (
    select
        people.person_id,
        people.first_seen_day,
        survivors.lifecycle_rank,
        survivors.created_at,
        survivors.lead_created_at,
        {%- for field, unit in golden_fields() %}
        {%- set value = "survivors." ~ field %}
        {%- if field in ['email', 'phone'] %}
        {#- an address on no record only where no record has one, or all of theirs have bounced #}
        {%- set value = "case when " ~ field ~ "_verified.is_dead and " ~ field ~ "_beside.is_dead is not true then coalesce(addresses."
            ~ field ~ ", survivors." ~ field ~ ") else coalesce(survivors." ~ field ~ ", addresses." ~ field ~ ") end" %}
        {%- endif %}
        {{ overridden_or(field, value, entity_columns('people')[field]) }} as {{ field }}{{ ',' if not loop.last }}
        {%- endfor %}
    from people
    left join survivors on people.person_id = survivors.person_id
    left join addresses on people.person_id = addresses.person_id
    left join overridden on people.person_id = overridden.person_id
    {%- for name, ref_of in [('email', 'email:'), ('phone', 'phone:')] %}
    left join verified as {{ name }}_verified on '{{ ref_of }}' || survivors.{{ name }} = {{ name }}_verified.identifier
    left join verified as {{ name }}_beside on '{{ ref_of }}' || addresses.{{ name }} = {{ name }}_beside.identifier
    {%- endfor %}
),

final as (
    select
        chosen.person_id,
        chosen.email,
        chosen.phone,
        chosen.first_name,
        chosen.last_name,
        chosen.birth_date,
        chosen.gender,
        chosen.country,
        chosen.region,
        chosen.city,
        chosen.postal_code,
        chosen.street,
        chosen.language,
        chosen.time_zone,
        chosen.account_key,
        case
            when buyers.person_id is not null or chosen.lifecycle_rank = 3 then 'customer'
            when chosen.lifecycle_rank = 2 then 'lead'
            else 'contact'
        end as lifecycle,
        chosen.lead_status,
        chosen.lead_source,
        chosen.loyalty_card,
        chosen.loyalty_points,
        chosen.loyalty_tier,
        {%- for column in extra_types('people') %}
        chosen.{{ column }},
        {%- endfor %}
        chosen.created_at,
        {{ local_day('chosen.created_at') }} as created_on,
        {{ local_day('chosen.lead_created_at') }} as lead_created_on,
        chosen.account_key is not null as is_trade,
        chosen.first_seen_day
    from chosen
    left join buyers on chosen.person_id = buyers.person_id
)

select * from final
