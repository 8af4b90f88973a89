-- segment__new_customers.sql: just bought, for the first time or nearly
select person_id, rfm_recency, rfm_frequency, rfm_monetary
from {{ ref('profiles') }}
where rfm_recency = 5 and rfm_frequency = 1
