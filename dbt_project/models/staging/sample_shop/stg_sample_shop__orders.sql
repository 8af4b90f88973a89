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

return_orders as (
    select
        {{ native_key('sample_shop', 'return_id', 'return') }} as order_key,
        {{ id_ref('shop', 'customer_id') }} as person_ref,
        cast(null as {{ type_of('text') }}) as account_key,
        returned_at as ordered_at,
        cast(null as {{ type_of('text') }}) as channel,
        'completed' as status,
        true as is_return,
        currency,
        -{{ money('amount') }} as revenue,
        cast(null as {{ type_of('money') }}) as discount,
        cast(null as {{ type_of('text') }}) as coupon,
        _source,
        _day
    from shop_returns
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
