-- Orders at what the buyer was to pay, before refunds; each refund is an order of its own with a negative amount.
-- Test orders and deleted ones are left out; of a cancelled order the refunds are cancelled too.
with orders as (
    {{ newest_version(source('raw', '{source}__orders'), ['id'], 'updated_at') }}
),

deleted as (
    select subject_id
    from {{ source('raw', '{source}__deletions') }}
    where _day <= {{ day() }} and subject_type = 'Order'
    group by subject_id
),

kept as (
    select
        orders.*,
        {{ id_ref('{source}', 'orders.customer_id') }} as customer_ref,
        case lower({{ clean('orders.source_name') }})
            when 'pos' then 'store'
            when 'iphone' then 'app'
            when 'android' then 'app'
            else 'web'
        end as channel,
        case
            when orders.cancelled_at is not null then 'cancelled'
            when lower({{ clean('orders.financial_status') }}) in ('voided', 'expired') then 'cancelled'
            else 'completed'
        end as status,
        coalesce({{ clean('orders.shipping_country') }}, {{ clean('orders.billing_country') }}) as country
    from orders
    left join deleted on orders.id = deleted.subject_id
    where deleted.subject_id is null and not coalesce(orders.is_test, false)
),

codes as (
    select
        kept.id,
        min({{ json_text('code', ['code']) }}) as coupon
    from kept
    {{ each_item('kept.discount_codes', 'code') }}
    group by kept.id
),

refunds as (
    select
        kept.*,
        refund
    from kept
    {{ each_item('kept.refunds', 'refund') }}
),

-- a payment in the buyer's currency is brought back at the rate of its order
payments as (
    select
        {{ json_text('refunds.refund', ['id']) }} as refund_id,
        sum({{ json_number('payment', ['amount']) }} * case
            when {{ json_text('payment', ['currency']) }} <> refunds.currency and refunds.presentment_total <> 0
                then refunds.total_price / refunds.presentment_total
            else 1
        end) as amount
    from refunds
    {{ each_item(json_part('refunds.refund', ['transactions']), 'payment') }}
    where {{ json_text('payment', ['kind']) }} = 'refund' and {{ json_text('payment', ['status']) }} = 'success'
    group by {{ json_text('refunds.refund', ['id']) }}
),

final as (
    select
        {{ native_key('{source}', 'kept.id') }} as order_key,
        coalesce(
            kept.customer_ref, {{ email_ref('kept.email__normalised') }}, {{ phone_ref('kept.phone__normalised') }}
        ) as person_ref,
        kept.processed_at as ordered_at,
        kept.channel,
        kept.status,
        false as is_return,
        kept.currency,
        {{ money('kept.total_price') }} as revenue,
        {{ money('kept.total_discounts') }} as discount,
        {{ clean('codes.coupon') }} as coupon,
        kept.country,
        kept._source,
        kept._day
    from kept
    left join codes on kept.id = codes.id
    union all
    select
        {{ native_key('{source}', 'payments.refund_id', 'return') }} as order_key,
        coalesce(
            refunds.customer_ref,
            {{ email_ref('refunds.email__normalised') }},
            {{ phone_ref('refunds.phone__normalised') }}
        ) as person_ref,
        {{ json_instant('refunds.refund', ['created_at']) }} as ordered_at,
        refunds.channel,
        refunds.status,
        true as is_return,
        refunds.currency,
        -{{ money('payments.amount') }} as revenue,
        cast(null as {{ type_of('money') }}) as discount,
        cast(null as {{ type_of('text') }}) as coupon,
        refunds.country,
        refunds._source,
        refunds._day
    from refunds
    inner join payments on {{ json_text('refunds.refund', ['id']) }} = payments.refund_id
)

select * from final
