-- Orders at their total, before refunds; each refund is an order of its own with a negative amount. An order that lies
-- in the bin is left out, until it is taken out of there again; of a cancelled order the refunds are cancelled too.
with orders as (
    {{ newest_version(source('raw', '{source}__orders'), ['id'], 'modified_at') }}
),

trashed as (
    {{ newest_version(source('raw', '{source}__trashed_orders'), ['id'], 'modified_at') }}
),

refunds as (
    {{ newest_version(source('raw', '{source}__refunds'), ['id']) }}
),

kept as (
    select
        orders.*,
        coalesce(
            {{ id_ref('{source}', "nullif(orders.customer_id, '0')") }},
            {{ email_ref('orders.email__normalised') }},
            {{ phone_ref('orders.phone__normalised') }}
        ) as person_ref,
        case when lower({{ clean('orders.created_via') }}) = 'pos-rest-api' then 'store' else 'web' end as channel,
        case
            when lower({{ clean('orders.status') }}) in ('pending', 'failed', 'cancelled', 'checkout-draft')
                then 'cancelled'
            else 'completed'
        end as order_status,
        coalesce({{ clean('orders.shipping_country') }}, {{ clean('orders.billing_country') }}) as country
    from orders
    left join trashed on orders.id = trashed.id and orders.modified_at <= trashed.modified_at
    where trashed.id is null
),

codes as (
    select
        kept.id,
        min({{ json_text('code', ['code']) }}) as coupon
    from kept
    {{ each_item('kept.coupon_lines', 'code') }}
    group by kept.id
),

final as (
    select
        {{ native_key('{source}', 'kept.id') }} as order_key,
        kept.person_ref,
        kept.created_at as ordered_at,
        kept.channel,
        kept.order_status as status,
        false as is_return,
        kept.currency,
        {{ money('kept.total') }} as revenue,
        {{ money('kept.discount_total') }} as discount,
        {{ clean('codes.coupon') }} as coupon,
        kept.country,
        kept._source,
        kept._day
    from kept
    left join codes on kept.id = codes.id
    union all
    select
        {{ native_key('{source}', 'refunds.id', 'return') }} as order_key,
        kept.person_ref,
        refunds.created_at as ordered_at,
        kept.channel,
        kept.order_status as status,
        true as is_return,
        kept.currency,
        -{{ money('refunds.amount') }} as revenue,
        cast(null as {{ type_of('money') }}) as discount,
        cast(null as {{ type_of('text') }}) as coupon,
        kept.country,
        refunds._source,
        refunds._day
    from refunds
    inner join kept on refunds.order_id = kept.id
)

select * from final
