with products as (
    {{ newest_version(source('raw', 'sample_shop__products'), ['product_id'], 'updated_at') }}
),

final as (
    select
        {{ native_key('sample_shop', 'product_id') }} as product_key,
        {{ clean('name') }} as name,
        {{ clean('category') }} as category,
        {{ money('price') }} as price,
        {{ money('cost') }} as cost,
        currency,
        stock_quantity,
        updated_at,
        _source,
        _day
    from products
)

select * from final
