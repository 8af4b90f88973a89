-- 1 where an open lead won a deal or placed a first order in the 30 days after as_of_day, else 0.
{{ config(materialized='table', contract={'enforced': true}) }}
{%- set horizon_days = 30 %}

with asked as (
    select
        person_id,
        as_of_day
    from {{ ref('features__person') }}
    where is_open_lead = 1 and as_of_day <= {{ days_before(horizon_days) }}
),

conversions as (
    select
        person_id,
        ordered_on as converted_on
    from {{ ref('orders') }}
    where is_sale and person_id is not null
    union
    select
        person_id,
        closed_on
    from {{ ref('deals') }}
    where status = 'won' and closed_on is not null and person_id is not null
),

final as (
    select
        asked.person_id,
        asked.as_of_day,
        cast(case when count(conversions.converted_on) > 0 then 1 else 0 end as {{ type_of('double') }}) as label
    from asked
    left join conversions
        on
            asked.person_id = conversions.person_id
            and asked.as_of_day < conversions.converted_on
            and conversions.converted_on <= {{ days_after('asked.as_of_day', horizon_days) }}
    group by asked.person_id, asked.as_of_day
)

select * from final
