-- A payment that was captured is an order; each refund is an order of its own with a negative amount. Payments that
-- failed, wait or were never captured are no orders.
with charges as (
    {{ newest_version(source('raw', '{source}__charges'), ['id']) }}
),

refunds as (
    {{ newest_version(source('raw', '{source}__refunds'), ['id']) }}
),

paid as (
    select
        *,
        coalesce(
            {{ id_ref('{source}', 'customer_id') }},
            {{ email_ref('email__normalised') }},
            {{ email_ref('receipt_email__normalised') }}
        ) as person_ref
    from charges
    where status = 'succeeded' and is_captured
),

final as (
    select
        {{ native_key('{source}', 'id') }} as order_key,
        person_ref,
        created_at as ordered_at,
        'web' as channel,
        'completed' as status,
        false as is_return,
        upper(currency) as currency,
        {{ minor_units('coalesce(amount_captured, amount)', 'currency') }} as revenue,
        {{ clean('country') }} as country,
        _source,
        _day
    from paid
    union all
    select
        {{ native_key('{source}', 'refunds.id', 'return') }} as order_key,
        paid.person_ref,
        refunds.created_at as ordered_at,
        'web' as channel,
        'completed' as status,
        true as is_return,
        upper(refunds.currency) as currency,
        -{{ minor_units('refunds.amount', 'refunds.currency') }} as revenue,
        {{ clean('paid.country') }} as country,
        refunds._source,
        refunds._day
    from refunds
    inner join paid on refunds.charge_id = paid.id
    where coalesce(refunds.status, 'succeeded') in ('succeeded', 'pending')
)

select * from final
