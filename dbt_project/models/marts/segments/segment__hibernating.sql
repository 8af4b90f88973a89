-- segment__hibernating.sql: seldom buyers, long ago
select person_id, rfm_recency, rfm_frequency, rfm_monetary
from {{ ref('profiles') }}
where rfm_recency = 2 and rfm_frequency <= 2
