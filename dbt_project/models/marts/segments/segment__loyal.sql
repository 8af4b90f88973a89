-- segment__loyal.sql: regular buyers who were here not long ago
select person_id, rfm_recency, rfm_frequency, rfm_monetary
from {{ ref('profiles') }}
where rfm_recency in (3, 4) and rfm_frequency >= 4
