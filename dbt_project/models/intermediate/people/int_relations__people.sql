-- How everybody stands with us beside buying and day D of int_features__service: subscription and deals. One row a
-- person with any.
{{ config(materialized='table') }}

-- one that runs counts before one that ended, then the one begun last
with subscriptions as (
    select
        person_id,
        status as subscription_status,
        case when status = 'active' then renews_on end as renews_on,
        row_number() over (
            partition by person_id
            order by
                case status when 'active' then 1 else 2 end,
                started_at desc nulls last,
                {{ tie_break('subscription_key') }}
        ) as best_first
    from {{ ref('subscriptions') }}
    where started_on <= {{ day() }}
),

deals as (
    select
        person_id,
        {{ total('amount', 'money') }} as open_deal_amount
    from {{ ref('deals') }}
    where status = 'open' and created_on <= {{ day() }}
    group by person_id
),

concerned as (
    select person_id from subscriptions
    union
    select person_id from deals
),

final as (
    select
        concerned.person_id,
        subscriptions.subscription_status,
        subscriptions.renews_on,
        deals.open_deal_amount
    from concerned
    left join subscriptions on concerned.person_id = subscriptions.person_id and subscriptions.best_first = 1
    left join deals on concerned.person_id = deals.person_id
    where concerned.person_id is not null
)

select * from final
