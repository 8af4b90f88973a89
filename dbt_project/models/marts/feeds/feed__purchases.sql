-- feed__purchases.sql: every sale, with what a conversion says and what a channel may know the buyer by
with orders as (
    select * from {{ ref('orders') }}
    where is_sale
),

profiles as (
    select * from {{ ref('profiles') }}
),

final as (
    select
        orders.order_key as event_id,     -- qualified by its source, so that two shops' order 17 are two events
        orders.person_id,
        orders.ordered_at as occurred_at,
        orders.revenue as value,
        orders.currency,
        orders.channel as sold_through,
        orders.coupon,
        orders.lines,
        profiles.email,
        profiles.phone,
        profiles.first_name,
        profiles.last_name,
        profiles.city,
        profiles.postal_code,
        coalesce(profiles.country, orders.country) as country
    from orders
    left join profiles on orders.person_id = profiles.person_id
)

select * from final
