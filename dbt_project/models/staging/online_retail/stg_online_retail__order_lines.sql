-- The same article may stand twice on one invoice, so a line's key is its raw row.
with lines as (
    select * from {{ source('raw', 'online_retail__lines') }}
    where _day <= {{ day() }}
),

final as (
    select
        'online_retail:' || cast(_row_key as {{ type_of('text') }}) as order_line_key,
        {{ native_key('online_retail', 'invoice_no') }} as order_key,
        {{ native_key('online_retail', 'stock_code') }} as product_key,
        {{ clean('description') }} as product_name,
        quantity,
        {{ money('unit_price') }} as unit_price,
        {{ money('quantity * unit_price') }} as revenue,
        _source,
        _day
    from lines
)

select * from final
