-- segment__champions.sql: the newest and most frequent buyers
select person_id, rfm_recency, rfm_frequency, rfm_monetary
from {{ ref('profiles') }}
where rfm_recency = 5 and rfm_frequency >= 4
