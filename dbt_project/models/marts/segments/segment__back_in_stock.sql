-- segment__back_in_stock.sql: asked for a product that can be bought again, and has not bought it since
with asked as (
    select person_id, product_key, max(occurred_at) as asked_at
    from {{ ref('events') }}
    where
        event = 'back_in_stock_requested'
        and person_id is not null
        and product_key is not null
        and occurred_on > {{ days_before(90) }}      -- an older wish is no wish
        and occurred_on <= {{ day() }}
    group by person_id, product_key
),

wanted as (
    select
        asked.person_id,
        asked.product_key,
        asked.asked_at,
        row_number() over (
            partition by asked.person_id order by asked.asked_at desc, {{ tie_break('asked.product_key') }}
        ) as newest_first
    from asked
    inner join {{ ref('products') }} as products on asked.product_key = products.product_key
    left join {{ ref('order_lines') }} as bought
        on
            asked.person_id = bought.person_id
            and asked.product_key = bought.product_key
            and bought.is_sale
            and bought.ordered_at >= asked.asked_at
    where products.is_in_stock and bought.person_id is null
),

final as (
    select person_id, product_key, asked_at
    from wanted
    where newest_first = 1
)

select * from final
