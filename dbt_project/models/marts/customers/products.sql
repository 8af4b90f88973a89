with products as (
    select * from {{ ref('int_products__unioned') }}
),

final as (
    select
        *,
        coalesce(stock_quantity > 0, false) as is_in_stock,
        {{ local_day('updated_at') }} as updated_on
    from products
)

select * from final
