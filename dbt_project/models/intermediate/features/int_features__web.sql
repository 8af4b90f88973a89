-- What each person did on the web and in the app in the 90 days up to each as_of_day. A visit past
-- midnight counts on both days. A device that was tied to its user only later counts from that day on: before it,
-- nobody knew whose visits those were, and who signs in is often who buys.
{{ config(materialized='table') }}

with days as (
    select * from {{ ref('int_features__rows') }}
),

attributed as (
    {{ known_visits(feature_days_since(90)) }}
),

visits as (
    select
        person_id,
        occurred_on,
        known_on,
        count(distinct session_key) as sessions,
        {{ total('product_views') }} as product_views,
        {{ total('carts') }} as carts,
        {{ total('checkouts') }} as checkouts
    from attributed
    group by person_id, occurred_on, known_on
),

known_visits as (
    select
        days.person_id,
        days.as_of_day,
        visits.sessions,
        visits.product_views,
        visits.carts,
        visits.checkouts,
        {{ age_days('visits.occurred_on') }} as age_days
    from days
    inner join visits on days.person_id = visits.person_id and days.as_of_day >= visits.known_on
),

final as (
    select
        person_id,
        as_of_day,
        min(age_days) as days_since_last_visit,
        {{ sum_within(7, 'sessions') }} as web_sessions_7d,
        {{ sum_within(30, 'sessions') }} as web_sessions_30d,
        {{ sum_within(90, 'sessions') }} as web_sessions_90d,
        {{ sum_within(7, 'product_views') }} as product_views_7d,
        {{ sum_within(30, 'product_views') }} as product_views_30d,
        {{ sum_within(90, 'product_views') }} as product_views_90d,
        {{ sum_within(7, 'carts') }} as carts_7d,
        {{ sum_within(30, 'carts') }} as carts_30d,
        {{ sum_within(90, 'carts') }} as carts_90d,
        {{ sum_within(30, 'checkouts') }} as checkouts_30d,
        {{ share('3 * ' ~ sum_within(30, 'sessions'), sum_within(90, 'sessions')) }} as visits_trend
    from known_visits
    where age_days < 90
    group by person_id, as_of_day
)

select * from final
