-- What profiles say of the web and the app beside day D of int_features__web. One row a person with an event.
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
        max(case when event = 'product_added' then occurred_at end) as last_cart_at
    from events
    group by person_id
)

select * from final
