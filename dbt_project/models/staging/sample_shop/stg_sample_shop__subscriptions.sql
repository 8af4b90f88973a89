with subscriptions as (
    {{ newest_version(source('raw', 'sample_shop__subscriptions'), ['subscription_id'], 'updated_at') }}
),

final as (
    select
        {{ native_key('sample_shop', 'subscription_id') }} as subscription_key,
        {{ id_ref('shop', 'customer_id') }} as person_ref,
        {{ native_key('sample_shop', 'account_id') }} as account_key,
        {{ clean('plan') }} as plan,
        status,
        {{ money('price') }} as price,
        currency,
        started_at,
        renews_at,
        cancelled_at,
        _source,
        _day
    from subscriptions
)

select * from final
