-- segment__lapsing_loyal.sql: good customers going quiet, while they still listen
select person_id, lifetime_orders, churn_90d_decile, days_since_last_order
from {{ ref('profiles') }}
where
    lifetime_orders >= 3
    and churn_90d_decile = 1           -- 1 = most likely to leave; nobody is in here while churn is not scored
    and days_since_last_order between 30 and 180
