-- One row an article, with the newest description and price asked on a sale.
with sales as (
    select * from {{ source('raw', 'online_retail__lines') }}
    where
        _day <= {{ day() }}
        and quantity > 0
        and unit_price > 0
        and stock_code is not null
),

ranked as (
    select
        *,
        row_number() over (partition by stock_code order by invoiced_at desc, _row_key) as newest_first
    from sales
),

final as (
    select
        {{ native_key('online_retail', 'stock_code') }} as product_key,
        {{ clean('description') }} as name,
        {{ money('unit_price') }} as price,
        'GBP' as currency,
        invoiced_at as updated_at,
        _source,
        _day
    from ranked
    where newest_first = 1
)

select * from final
