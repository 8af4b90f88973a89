-- What a customer spent in the 180 days after as_of_day, net of returns, in the orders' own currency.
{{ config(materialized='table', contract={'enforced': true}) }}
{%- set horizon_days = 180 %}

with asked as (
    select
        person_id,
        as_of_day
    from {{ ref('features__person') }}
    where lifetime_orders >= 1 and as_of_day <= {{ days_before(horizon_days) }}
),

orders as (
    select * from {{ ref('orders') }}
    where status = 'completed' and person_id is not null
),

final as (
    select
        asked.person_id,
        asked.as_of_day,
        cast(coalesce(sum(orders.revenue), 0) as {{ type_of('double') }}) as label
    from asked
    left join orders
        on
            asked.person_id = orders.person_id
            and asked.as_of_day < orders.ordered_on
            and orders.ordered_on <= {{ days_after('asked.as_of_day', horizon_days) }}
    group by asked.person_id, asked.as_of_day
)

select * from final
