-- segment__at_risk.sql: used to buy often, long ago
select person_id, rfm_recency, rfm_frequency, rfm_monetary
from {{ ref('profiles') }}
where rfm_recency <= 2 and rfm_frequency in (3, 4)
