-- segment__needs_attention.sql: came back, average in both, and slipping
select
    person_id,
    days_since_last_order,
    lifetime_orders,
    rfm_recency,
    rfm_frequency,
    rfm_monetary
from {{ ref('profiles') }}
where rfm_recency = 3 and rfm_frequency = 3
