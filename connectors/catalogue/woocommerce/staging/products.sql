-- A product with the first of its categories by name; one that lies in the bin is left out.
with products as (
    {{ newest_version(source('raw', '{source}__products'), ['id'], 'modified_at') }}
),

trashed as (
    {{ newest_version(source('raw', '{source}__trashed_products'), ['id'], 'modified_at') }}
),

categories as (
    select
        products.id,
        min({{ json_text('category', ['name']) }}) as category
    from products
    {{ each_item('products.categories', 'category') }}
    group by products.id
),

final as (
    select
        {{ native_key('{source}', 'products.id') }} as product_key,
        {{ clean('products.name') }} as name,
        {{ clean('categories.category') }} as category,
        {{ money('products.price') }} as price,
        products.stock_quantity,
        products.modified_at as updated_at,
        {{ extra_columns('{source}', 'products') }}
        products._source,
        products._day
    from products
    left join categories on products.id = categories.id
    left join trashed on products.id = trashed.id and products.modified_at <= trashed.modified_at
    where trashed.id is null
)

select * from final
