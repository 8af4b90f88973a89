-- What everybody did on the web and in the app, as of D. One row a person with an event.
{{ config(materialized='table') }}

with events as (
    select * from {{ ref('events') }}
    where person_id is not null and occurred_on <= {{ day() }}
),

final as (
    select
        person_id,
        min(occurred_at) as first_event_at,
        max(occurred_at) as last_event_at,
        count(distinct case when occurred_on > {{ days_before(30) }} then session_key end) as sessions_30d,
        count(
            case when event = 'product_viewed' and occurred_on > {{ days_before(30) }} then 1 end
        ) as product_views_30d,
        count(case when event = 'product_added' and occurred_on > {{ days_before(30) }} then 1 end) as carts_30d,
        max(case when event = 'product_added' then occurred_at end) as last_cart_at
    from events
    group by person_id
)

select * from final
