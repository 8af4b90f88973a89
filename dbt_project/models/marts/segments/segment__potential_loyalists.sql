-- segment__potential_loyalists.sql: recent buyers on the way to a habit
select person_id, rfm_recency, rfm_frequency, rfm_monetary
from {{ ref('profiles') }}
where rfm_recency >= 4 and rfm_frequency in (2, 3)
