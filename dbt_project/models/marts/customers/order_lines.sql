with order_lines as (
    select * from {{ ref('int_order_lines__unioned') }}
),

orders as (
    select * from {{ ref('orders') }}
),

products as (
    select * from {{ ref('products') }}
),

final as (
    select
        order_lines.order_line_key,
        order_lines.order_key,
        order_lines.product_key,
        coalesce(order_lines.product_name, products.name) as product_name,
        order_lines.quantity,
        order_lines.unit_price,
        order_lines.revenue,
        {%- for column in extra_types('order_lines') %}
        order_lines.{{ column }},
        {%- endfor %}
        order_lines._source,
        order_lines._day,
        orders.person_id,
        orders.ordered_at,
        orders.ordered_on,
        orders.status,
        orders.is_return,
        orders.is_sale,
        orders.currency,
        products.category
    from order_lines
    left join orders on order_lines.order_key = orders.order_key
    left join products on order_lines.product_key = products.product_key
)

select * from final
