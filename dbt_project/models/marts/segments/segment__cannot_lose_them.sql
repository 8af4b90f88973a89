-- segment__cannot_lose_them.sql: the most frequent buyers, and they are gone
select person_id, rfm_recency, rfm_frequency, rfm_monetary
from {{ ref('profiles') }}
where rfm_recency <= 2 and rfm_frequency = 5
