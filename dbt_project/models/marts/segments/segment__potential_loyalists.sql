-- segment__potential_loyalists.sql: recent buyers who came back, on the way to a habit
select
    person_id,
    days_since_last_order,
    lifetime_orders,
    rfm_recency,
    rfm_frequency,
    rfm_monetary
from {{ ref('profiles') }}
where rfm_recency >= 4 and rfm_frequency in (2, 3)
