-- segment__promising.sql: bought once, not long ago
select
    person_id,
    days_since_last_order,
    lifetime_orders,
    rfm_recency,
    rfm_frequency,
    rfm_monetary
from {{ ref('profiles') }}
where rfm_recency = 4 and rfm_frequency = 1
