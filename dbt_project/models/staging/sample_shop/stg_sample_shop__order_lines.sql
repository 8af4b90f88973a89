with shop_lines as (
    {{ newest_version(source('raw', 'sample_shop__order_lines'), ['line_id'], 'updated_at') }}
),

till_lines as (
    {{ newest_version(source('raw', 'sample_shop__till_lines'), till_line_key()) }}
),

final as (
    select
        {{ native_key('sample_shop', 'line_id') }} as order_line_key,
        {{ native_key('sample_shop', 'order_id') }} as order_key,
        {{ native_key('sample_shop', 'product_id') }} as product_key,
        quantity,
        {{ money('unit_price') }} as unit_price,
        {{ money('quantity * unit_price') }} as revenue,
        _source,
        _day
    from shop_lines
    union all
    select
        {{ till_receipt_key() }} || ':' || cast(line_no as {{ type_of('text') }}) as order_line_key,
        {{ till_receipt_key() }} as order_key,
        {{ native_key('sample_shop', 'product_id') }} as product_key,
        quantity,
        {{ money('unit_price') }} as unit_price,
        {{ money('quantity * unit_price') }} as revenue,
        _source,
        _day
    from till_lines
)

select * from final
