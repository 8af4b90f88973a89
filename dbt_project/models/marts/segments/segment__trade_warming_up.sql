-- segment__trade_warming_up.sql: people of trade accounts whose activity has doubled
with activity as (
    select
        profiles.account_key,
        count(case when events.occurred_on > {{ days_before(14) }} then 1 end) as events_14d,
        count(case when events.occurred_on <= {{ days_before(14) }} then 1 end) as events_14d_before
    from {{ ref('profiles') }} as profiles
    inner join {{ ref('events') }} as events on profiles.person_id = events.person_id
    where
        profiles.is_trade
        and profiles.account_key is not null
        and events.occurred_on > {{ days_before(28) }}
        and events.occurred_on <= {{ day() }}
    group by profiles.account_key
),

final as (
    select
        profiles.person_id,
        profiles.account_key,
        activity.events_14d,
        activity.events_14d_before
    from {{ ref('profiles') }} as profiles
    inner join activity on profiles.account_key = activity.account_key
    where
        profiles.is_trade
        and activity.events_14d >= 5             -- fewer is chance
        and activity.events_14d >= 2 * activity.events_14d_before
)

select * from final
