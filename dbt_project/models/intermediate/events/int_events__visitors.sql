-- Who was ever seen on the web and in the app, whoever the source says it was: what all of int_daily__web comes to,
-- summed up once a night for all who ask. One row a person_ref and device_ref.
{{ config(materialized='table') }}
{%- set so_far = 'occurred_on <= ' ~ day() %}

with visits as (
    select * from {{ ref('int_daily__web') }}
),

final as (
    select
        person_ref,
        device_ref,
        min(least(occurred_on, _day)) as first_seen_day,
        min(case when {{ so_far }} then first_at end) as first_at,
        max(case when {{ so_far }} then last_at end) as last_at,
        max(case when {{ so_far }} then last_cart_at end) as last_cart_at
    from visits
    group by person_ref, device_ref
)

select * from final
