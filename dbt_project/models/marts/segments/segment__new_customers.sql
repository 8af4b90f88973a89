-- segment__new_customers.sql: the newest buyers, who bought for the first time
select
    person_id,
    days_since_last_order,
    lifetime_orders,
    rfm_recency,
    rfm_frequency,
    rfm_monetary
from {{ ref('profiles') }}
where rfm_recency = 5 and rfm_frequency = 1
