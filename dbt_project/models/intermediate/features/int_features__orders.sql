-- What each person had bought by each as_of_day. Local dates on or before it only; money is net unless it says sales.
{{ config(materialized='table') }}

with days as (
    select * from {{ ref('int_features__rows') }}
),

orders as (
    select *
    from {{ ref('orders') }}
    where person_id is not null and status = 'completed'
),

order_days as (
    select distinct
        person_id,
        ordered_on
    from orders
    where is_sale
),

-- the gap before an order is known on the day of that order
gaps as (
    select
        person_id,
        ordered_on,
        lag(ordered_on) over (partition by person_id order by ordered_on) as previous_on
    from order_days
),

known_orders as (
    select
        days.person_id,
        days.as_of_day,
        orders.*,
        {{ age_days('orders.ordered_on') }} as age_days
    from days
    inner join (select
        person_id as buyer_id, ordered_on, is_sale, is_return, revenue, discount, coupon, channel, lines
    from orders) as orders
        on days.person_id = orders.buyer_id and days.as_of_day >= orders.ordered_on
),

totals as (
    select
        person_id,
        as_of_day,
        min(case when is_sale then age_days end) as days_since_last_order,
        max(case when is_sale then age_days end) as days_since_first_order,
        {{ count_of('is_sale') }} as lifetime_orders,
        {{ count_within(30, 'is_sale') }} as orders_30d,
        {{ count_within(90, 'is_sale') }} as orders_90d,
        {{ count_within(180, 'is_sale') }} as orders_180d,
        {{ count_within(365, 'is_sale') }} as orders_365d,
        {{ total('revenue', 'money') }} as lifetime_revenue,
        {{ sum_within(90, 'revenue', 'money') }} as revenue_90d,
        {{ sum_within(180, 'revenue', 'money') }} as revenue_180d,
        {{ sum_within(365, 'revenue', 'money') }} as revenue_365d,
        {{ total('case when is_sale then revenue else 0 end', 'money') }} as lifetime_sales,
        max(case when is_sale then revenue end) as largest_order,
        {{ count_within(365, 'is_return') }} as returns_365d,
        {{ total('case when is_return then -revenue else 0 end', 'money') }} as returned,
        {{ total('case when is_sale then discount else 0 end', 'money') }} as discounts,
        {{ count_of('is_sale and coupon is not null') }} as with_coupon,
        {{ count_of("is_sale and channel = 'store'") }} as in_store,
        {{ count_of("is_sale and channel = 'app'") }} as in_app,
        {{ count_of("is_sale and channel = 'trade'") }} as in_trade,
        {{ total('case when is_sale then lines else 0 end') }} as lines
    from known_orders
    group by person_id, as_of_day
),

rhythm as (
    select
        days.person_id,
        days.as_of_day,
        count(*) as order_days,
        avg(
            cast({{ days_between('gaps.previous_on', 'gaps.ordered_on') }} as {{ type_of('double') }})
        ) as mean_gap,
        stddev_samp(
            cast({{ days_between('gaps.previous_on', 'gaps.ordered_on') }} as {{ type_of('double') }})
        ) as sd_gap,
        max({{ days_between('gaps.previous_on', 'gaps.ordered_on') }}) as longest_gap
    from days
    inner join gaps on days.person_id = gaps.person_id and days.as_of_day >= gaps.ordered_on
    group by days.person_id, days.as_of_day
),

baskets as (
    select
        days.person_id,
        days.as_of_day,
        count(distinct order_lines.category) as categories_bought,
        count(distinct order_lines.product_key) as products_bought,
        {{ total('order_lines.quantity') }} as units,
        {{ total('order_lines.revenue', 'money') }} as paid
    from days
    inner join {{ ref('order_lines') }} as order_lines
        on days.person_id = order_lines.person_id and days.as_of_day >= order_lines.ordered_on
    where order_lines.is_sale
    group by days.person_id, days.as_of_day
),

final as (
    select
        totals.person_id,
        totals.as_of_day,
        totals.days_since_last_order,
        totals.days_since_first_order,
        totals.lifetime_orders,
        totals.orders_30d,
        totals.orders_90d,
        totals.orders_180d,
        totals.orders_365d,
        totals.lifetime_revenue,
        totals.revenue_90d,
        totals.revenue_180d,
        totals.revenue_365d,
        totals.largest_order,
        totals.returns_365d,
        rhythm.order_days,
        rhythm.mean_gap as mean_days_between_orders,
        rhythm.sd_gap as sd_days_between_orders,
        rhythm.longest_gap as longest_days_between_orders,
        baskets.categories_bought,
        baskets.products_bought,
        {{ share('totals.days_since_last_order', 'rhythm.mean_gap') }} as overdue_ratio,
        {{ share('totals.lifetime_sales', 'totals.lifetime_orders') }} as average_order_value,
        {{ share('totals.returned', 'totals.lifetime_sales') }} as returned_share,
        {{ share('totals.discounts', 'totals.lifetime_sales + totals.discounts') }} as discount_share,
        {{ share('totals.with_coupon', 'totals.lifetime_orders') }} as coupon_share,
        {{ share('totals.in_store', 'totals.lifetime_orders') }} as store_share,
        {{ share('totals.in_app', 'totals.lifetime_orders') }} as app_share,
        {{ share('totals.in_trade', 'totals.lifetime_orders') }} as trade_share,
        {{ share('totals.lines', 'totals.lifetime_orders') }} as lines_per_order,
        {{ share('4 * totals.orders_90d', 'totals.orders_365d') }} as orders_trend,
        {{ share('baskets.paid', 'baskets.units') }} as price_per_unit
    from totals
    left join rhythm on totals.person_id = rhythm.person_id and totals.as_of_day = rhythm.as_of_day
    left join baskets on totals.person_id = baskets.person_id and totals.as_of_day = baskets.as_of_day
)

select * from final
