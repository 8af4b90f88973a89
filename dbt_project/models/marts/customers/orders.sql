with orders as (
    {{ with_person(ref('int_orders__unioned'), 'orders') }}
),

line_counts as (
    select
        order_key,
        count(*) as lines
    from {{ ref('int_order_lines__unioned') }}
    group by order_key
),

final as (
    select
        orders.*,
        {{ local_day('orders.ordered_at') }} as ordered_on,
        orders.status = 'completed' and not orders.is_return as is_sale,
        coalesce(line_counts.lines, 0) as lines
    from orders
    left join line_counts on orders.order_key = line_counts.order_key
)

select * from final
