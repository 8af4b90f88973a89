-- Orders of web, app and trade; returns as orders of their own with a negative amount; one order a till receipt.
with shop_orders as (
    {{ newest_version(source('raw', 'sample_shop__orders'), ['order_id'], 'updated_at') }}
),

shop_returns as (
    {{ newest_version(source('raw', 'sample_shop__returns'), ['return_id'], 'updated_at') }}
),

till_lines as (
    {{ newest_version(source('raw', 'sample_shop__till_lines'), till_line_key()) }}
),

web_orders as (
    select
        {{ native_key('sample_shop', 'order_id') }} as order_key,
        coalesce({{ id_ref('shop', 'customer_id') }}, {{ email_ref('guest_email__normalised') }}) as person_ref,
        {{ native_key('sample_shop', 'account_id') }} as account_key,
        ordered_at,
        channel,
        status,
        false as is_return,
        currency,
        {{ money('total') }} as revenue,
        {{ money('discount') }} as discount,
        {{ clean('coupon') }} as coupon,
        _source,
        _day
    from shop_orders
),

-- a return names its order alone: a guest's, and the channel, are looked up there
return_orders as (
    select
        {{ native_key('sample_shop', 'shop_returns.return_id', 'return') }} as order_key,
        coalesce({{ id_ref('shop', 'shop_returns.customer_id') }}, web_orders.person_ref) as person_ref,
        web_orders.account_key,
        shop_returns.returned_at as ordered_at,
        web_orders.channel,
        'completed' as status,
        true as is_return,
        shop_returns.currency,
        -{{ money('shop_returns.amount') }} as revenue,
        cast(null as {{ type_of('money') }}) as discount,
        cast(null as {{ type_of('text') }}) as coupon,
        shop_returns._source,
        shop_returns._day
    from shop_returns
    left join web_orders on {{ native_key('sample_shop', 'shop_returns.order_id') }} = web_orders.order_key
),

receipts as (
    select
        {{ till_receipt_key() }} as order_key,
        coalesce(
            max({{ id_ref('loyalty', 'loyalty_card') }}),
            max({{ email_ref('email__normalised') }})
        ) as person_ref,
        cast(null as {{ type_of('text') }}) as account_key,
        min(sold_at) as ordered_at,
        'store' as channel,
        'completed' as status,
        max(quantity) < 0 as is_return,
        'GBP' as currency,
        sum({{ money('quantity * unit_price') }}) as revenue,
        cast(null as {{ type_of('money') }}) as discount,
        cast(null as {{ type_of('text') }}) as coupon,
        max(_source) as _source,
        max(_day) as _day
    from till_lines
    group by {{ till_receipt_key() }}
),

final as (
    select * from web_orders
    union all
    select * from return_orders
    union all
    select * from receipts
)

select * from final
