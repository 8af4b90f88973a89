-- segment__cannot_lose_them.sql: bought more often than four of five, and are gone
select
    person_id,
    days_since_last_order,
    lifetime_orders,
    rfm_recency,
    rfm_frequency,
    rfm_monetary
from {{ ref('profiles') }}
where rfm_recency <= 2 and rfm_frequency = 5
