-- A product at its cheapest variant's price, with the stock of all of them; deleted ones are left out.
with products as (
    {{ newest_version(source('raw', '{source}__products'), ['id'], 'updated_at') }}
),

deleted as (
    select subject_id
    from {{ source('raw', '{source}__deletions') }}
    where _day <= {{ day() }} and subject_type = 'Product'
    group by subject_id
),

variants as (
    select
        products.id,
        min({{ json_number('variant', ['price']) }}) as price,
        sum(cast({{ json_text('variant', ['inventory_quantity']) }} as bigint)) as stock_quantity
    from products
    {{ each_item('products.variants', 'variant') }}
    group by products.id
),

final as (
    select
        {{ native_key('{source}', 'products.id') }} as product_key,
        {{ clean('products.title') }} as name,
        {{ clean('products.product_type') }} as category,
        {{ money('variants.price') }} as price,
        cast(variants.stock_quantity as {{ type_of('integer') }}) as stock_quantity,
        products.updated_at,
        {{ extra_columns('{source}', 'products') }}
        products._source,
        products._day
    from products
    left join variants on products.id = variants.id
    left join deleted on products.id = deleted.subject_id
    where deleted.subject_id is null
)

select * from final
