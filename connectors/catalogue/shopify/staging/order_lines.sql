-- The lines of each order's newest version, less the discounts that fell on them; what came back is a line of its
-- refund.
with orders as (
    {{ newest_version(source('raw', '{source}__orders'), ['id'], 'updated_at') }}
),

deleted as (
    select subject_id
    from {{ source('raw', '{source}__deletions') }}
    where _day <= {{ day() }} and subject_type = 'Order'
    group by subject_id
),

kept as (
    select orders.*
    from orders
    left join deleted on orders.id = deleted.subject_id
    where deleted.subject_id is null and not coalesce(orders.is_test, false)
),

lines as (
    select
        kept.*,
        line
    from kept
    {{ each_item('kept.line_items', 'line') }}
),

discounts as (
    select
        {{ json_text('lines.line', ['id']) }} as line_id,
        sum({{ json_number('part', ['amount']) }}) as amount
    from lines
    {{ each_item(json_part('lines.line', ['discount_allocations']), 'part') }}
    group by {{ json_text('lines.line', ['id']) }}
),

refunds as (
    select
        kept.*,
        refund
    from kept
    {{ each_item('kept.refunds', 'refund') }}
),

returned as (
    select
        refunds.*,
        part
    from refunds
    {{ each_item(json_part('refunds.refund', ['refund_line_items']), 'part') }}
),

final as (
    select
        {{ native_key('{source}', json_text('lines.line', ['id'])) }} as order_line_key,
        {{ native_key('{source}', 'lines.id') }} as order_key,
        {{ native_key('{source}', json_text('lines.line', ['product_id'])) }} as product_key,
        {{ clean(json_text('lines.line', ['name'])) }} as product_name,
        cast({{ json_text('lines.line', ['quantity']) }} as bigint) as quantity,
        {{ money(json_text('lines.line', ['price'])) }} as unit_price,
        {{ money(
            json_number('lines.line', ['quantity']) ~ ' * ' ~ json_number('lines.line', ['price'])
            ~ ' - coalesce(discounts.amount, 0)'
        ) }} as revenue,
        lines._source,
        lines._day
    from lines
    left join discounts on {{ json_text('lines.line', ['id']) }} = discounts.line_id
    union all
    select
        {{ native_key('{source}', json_text('part', ['id']), 'return') }} as order_line_key,
        {{ native_key('{source}', json_text('refund', ['id']), 'return') }} as order_key,
        {{ native_key('{source}', json_text('part', ['line_item', 'product_id'])) }} as product_key,
        {{ clean(json_text('part', ['line_item', 'name'])) }} as product_name,
        -cast({{ json_text('part', ['quantity']) }} as bigint) as quantity,
        {{ money(json_text('part', ['line_item', 'price'])) }} as unit_price,
        -{{ money(json_text('part', ['subtotal'])) }} as revenue,
        _source,
        _day
    from returned
)

select * from final
