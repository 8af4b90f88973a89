-- What profiles say of the web and the app beside day D of int_features__web. One row a person with an event.
{{ config(materialized='table') }}

with visits as (
    {{ known_visits('occurred_on <= ' ~ day()) }}
),

final as (
    select
        person_id,
        min(first_at) as first_event_at,
        max(last_at) as last_event_at,
        max(last_cart_at) as last_cart_at
    from visits
    group by person_id
)

select * from final
