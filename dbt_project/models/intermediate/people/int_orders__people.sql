-- What everybody bought, as of D. One row a person with an order.
{{ config(materialized='table') }}

with orders as (
    select * from {{ ref('orders') }}
    where person_id is not null and ordered_on <= {{ day() }} and status = 'completed'
),

totals as (
    select
        person_id,
        min(case when is_sale then ordered_at end) as first_order_at,
        max(case when is_sale then ordered_at end) as last_order_at,
        max(case when is_sale then ordered_on end) as last_order_on,
        count(case when is_sale then 1 end) as lifetime_orders,
        count(case when is_return then 1 end) as lifetime_returns,
        sum(revenue) as lifetime_revenue,
        sum(case when is_sale then revenue end) as lifetime_sales,
        sum(case when ordered_on > {{ days_before(365) }} then revenue else 0 end) as revenue_365d,
        count(case when is_sale and ordered_on > {{ days_before(365) }} then 1 end) as orders_365d
    from orders
    group by person_id
),

-- five groups of equal size over everybody with a sale, 5 is best; ties go by the hash of the person,
-- the same everywhere
quintiles as (
    select
        person_id,
        cast(
            ntile(5) over (order by last_order_on, last_order_at, {{ tie_break('person_id') }})
            as {{ type_of('integer') }}
        ) as rfm_recency,
        cast(
            ntile(5) over (order by lifetime_orders, {{ tie_break('person_id') }}) as {{ type_of('integer') }}
        ) as rfm_frequency,
        cast(
            ntile(5) over (order by lifetime_revenue, {{ tie_break('person_id') }}) as {{ type_of('integer') }}
        ) as rfm_monetary
    from totals
    where lifetime_orders > 0
),

category_sales as (
    select
        person_id,
        category,
        sum(revenue) as revenue,
        count(*) as lines
    from {{ ref('order_lines') }}
    where is_sale and person_id is not null and category is not null and ordered_on <= {{ day() }}
    group by person_id, category
),

favourites as (
    select
        person_id,
        category as favourite_category,
        row_number() over (
            partition by person_id order by revenue desc, lines desc, {{ tie_break('category') }}
        ) as best_first
    from category_sales
),

final as (
    select
        totals.*,
        favourites.favourite_category,
        quintiles.rfm_recency,
        quintiles.rfm_frequency,
        quintiles.rfm_monetary
    from totals
    left join quintiles on totals.person_id = quintiles.person_id
    left join favourites on totals.person_id = favourites.person_id and favourites.best_first = 1
)

select * from final
