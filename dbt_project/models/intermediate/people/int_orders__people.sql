-- What profiles say of everybody's orders beside day D of int_features__orders. One row a person with an order.
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
        count(case when is_return then 1 end) as lifetime_returns
    from orders
    group by person_id
),

-- how many customers are before each one: equal values have the same number, whoever has them
places as (
    select
        person_id,
        lifetime_orders,
        rank() over (order by days_since_last_order) - 1 as bought_later,
        rank() over (order by lifetime_orders) - 1 as bought_less_often,
        rank() over (order by coalesce(lifetime_revenue, 0)) - 1 as spent_less,
        count(*) over () as customers
    from {{ ref('int_features__orders') }}
    where as_of_day = {{ day() }} and lifetime_orders > 0
),

scores as (
    select
        person_id,
        6 - {{ fifth('bought_later', 'customers') }} as rfm_recency,
        cast(case
            when lifetime_orders = 1 then 1
            else greatest(2, {{ fifth('bought_less_often', 'customers') }})     -- 1 is who bought once, and nobody else
        end as {{ type_of('integer') }}) as rfm_frequency,
        {{ fifth('spent_less', 'customers') }} as rfm_monetary
    from places
),

category_sales as (
    select
        person_id,
        category,
        {{ total('revenue', 'money') }} as revenue,
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
        scores.rfm_recency,
        scores.rfm_frequency,
        scores.rfm_monetary
    from totals
    left join scores on totals.person_id = scores.person_id
    left join favourites on totals.person_id = favourites.person_id and favourites.best_first = 1
)

select * from final
