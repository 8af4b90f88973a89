-- 1 where a customer who bought in the 180 days up to as_of_day bought nothing in the 90 days after it, else 0.
{{ config(materialized='table', contract={'enforced': true}) }}
{%- set horizon_days = 90 %}

with asked as (
    select
        person_id,
        as_of_day
    from {{ ref('features__person') }}
    where orders_180d >= 1 and as_of_day <= {{ days_before(horizon_days) }}
),

sales as (
    select distinct
        person_id,
        ordered_on
    from {{ ref('orders') }}
    where is_sale and person_id is not null
),

final as (
    select
        asked.person_id,
        asked.as_of_day,
        cast(case when count(sales.ordered_on) = 0 then 1 else 0 end as {{ type_of('double') }}) as label
    from asked
    left join sales
        on
            asked.person_id = sales.person_id
            and asked.as_of_day < sales.ordered_on
            and sales.ordered_on <= {{ days_after('asked.as_of_day', horizon_days) }}
    group by asked.person_id, asked.as_of_day
)

select * from final
