-- segment__loyal.sql: bought more often than most, and not long ago
select
    person_id,
    days_since_last_order,
    lifetime_orders,
    rfm_recency,
    rfm_frequency,
    rfm_monetary
from {{ ref('profiles') }}
where rfm_recency in (3, 4) and rfm_frequency >= 4
