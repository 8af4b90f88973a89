-- Each subscription in the newest of its states, as customers are; its price is the sum of what it holds. One that was
-- never begun (`incomplete`) is none.
with subscriptions as (
    {{ newest_version(source('raw', '{source}__subscriptions'), ['id']) }}
),

changes as (
    {{ newest_version(source('raw', '{source}__changes'), ['id']) }}
),

states as (
    select
        id,
        customer_id,
        status,
        currency,
        sold,
        started_at,
        renews_at,
        cancelled_at,
        _pulled_at as known_at,
        _line,
        _source,
        _day
    from subscriptions
    union all
    select
        object_id as id,
        customer_id,
        status,
        currency,
        sold,
        started_at,
        renews_at,
        cancelled_at,
        created_at as known_at,
        _line,
        _source,
        _day
    from changes
    where type like 'customer.subscription.%'
),

ranked as (
    select
        *,
        row_number() over (partition by id order by known_at desc, _line) as newest_first
    from states
),

begun as (
    select * from ranked
    where newest_first = 1 and lower(status) not in ('incomplete', 'incomplete_expired')
),

priced as (
    select
        begun.id,
        min(coalesce({{ json_text('item', ['price', 'nickname']) }}, {{ json_text('item', ['price', 'id']) }})) as plan,
        sum({{ json_number('item', ['price', 'unit_amount']) }} * coalesce({{ json_number('item', ['quantity']) }}, 1))
            as amount,
        max({{ json_epoch('item', ['current_period_end']) }}) as renews_at
    from begun
    {{ each_item(json_part('begun.sold', ['data']), 'item') }}
    group by begun.id
),

final as (
    select
        {{ native_key('{source}', 'begun.id') }} as subscription_key,
        {{ id_ref('{source}', 'begun.customer_id') }} as person_ref,
        {{ clean('priced.plan') }} as plan,
        case
            when lower(begun.status) in ('active', 'trialing', 'past_due') then 'active'
            when lower(begun.status) = 'canceled' then 'cancelled'
            else 'expired'
        end as status,
        {{ minor_units('priced.amount', 'begun.currency') }} as price,
        upper(begun.currency) as currency,
        begun.started_at,
        coalesce(begun.renews_at, priced.renews_at) as renews_at,
        begun.cancelled_at,
        {{ extra_columns('{source}', 'subscriptions') }}
        begun._source,
        begun._day
    from begun
    left join priced on begun.id = priced.id
)

select * from final
