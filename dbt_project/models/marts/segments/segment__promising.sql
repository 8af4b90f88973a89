-- segment__promising.sql: recent, but bought little so far
select person_id, rfm_recency, rfm_frequency, rfm_monetary
from {{ ref('profiles') }}
where rfm_recency = 4 and rfm_frequency = 1
