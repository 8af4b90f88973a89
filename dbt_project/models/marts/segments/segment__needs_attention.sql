-- segment__needs_attention.sql: average in both, and slipping
select person_id, rfm_recency, rfm_frequency, rfm_monetary
from {{ ref('profiles') }}
where rfm_recency = 3 and rfm_frequency = 3
