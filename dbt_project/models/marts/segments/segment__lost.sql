-- segment__lost.sql: seldom buyers, longest ago
select
    person_id,
    days_since_last_order,
    lifetime_orders,
    rfm_recency,
    rfm_frequency,
    rfm_monetary
from {{ ref('profiles') }}
where rfm_recency = 1 and rfm_frequency <= 2
