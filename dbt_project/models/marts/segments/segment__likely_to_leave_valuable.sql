-- segment__likely_to_leave_valuable.sql: those whose leaving would cost most
select person_id, churn_90d_decile, value_180d_decile, rfm_monetary, revenue_365d
from {{ ref('profiles') }}
where
    churn_90d_decile <= 2
    -- who is leaving is expected to spend little: worth is what they have spent, or still a high expectation
    and (rfm_monetary >= 4 or value_180d_decile <= 3)
