-- The lines of each order's newest version after their discounts, without tax; of a refund the lines that came back.
with orders as (
    {{ newest_version(source('raw', '{source}__orders'), ['id'], 'modified_at') }}
),

trashed as (
    {{ newest_version(source('raw', '{source}__trashed_orders'), ['id'], 'modified_at') }}
),

refunds as (
    {{ newest_version(source('raw', '{source}__refunds'), ['id']) }}
),

kept as (
    select orders.*
    from orders
    left join trashed on orders.id = trashed.id and orders.modified_at <= trashed.modified_at
    where trashed.id is null
),

sold as (
    select
        kept.*,
        line
    from kept
    {{ each_item('kept.line_items', 'line') }}
),

returned as (
    select
        refunds.*,
        line
    from refunds
    inner join kept on refunds.order_id = kept.id
    {{ each_item('refunds.line_items', 'line') }}
),

final as (
    select
        {{ native_key('{source}', json_text('line', ['id'])) }} as order_line_key,
        {{ native_key('{source}', 'sold.id') }} as order_key,
        {{ native_key('{source}', json_text('line', ['product_id'])) }} as product_key,
        {{ clean(json_text('line', ['name'])) }} as product_name,
        cast({{ json_text('line', ['quantity']) }} as bigint) as quantity,
        {{ money(json_text('line', ['price'])) }} as unit_price,
        {{ money(json_text('line', ['total'])) }} as revenue,
        sold._source,
        sold._day
    from sold
    union all
    select
        {{ native_key('{source}', json_text('line', ['id'])) }} as order_line_key,
        {{ native_key('{source}', 'returned.id', 'return') }} as order_key,
        {{ native_key('{source}', json_text('line', ['product_id'])) }} as product_key,
        {{ clean(json_text('line', ['name'])) }} as product_name,
        cast({{ json_text('line', ['quantity']) }} as bigint) as quantity,
        {{ money(json_text('line', ['price'])) }} as unit_price,
        {{ money(json_text('line', ['total'])) }} as revenue,
        returned._source,
        returned._day
    from returned
)

select * from final
