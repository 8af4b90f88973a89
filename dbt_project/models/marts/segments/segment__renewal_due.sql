-- segment__renewal_due.sql: the subscription renews within thirty days
select person_id, subscription_status, renews_on
from {{ ref('profiles') }}
where
    subscription_status = 'active'
    and renews_on between {{ day() }} and {{ days_before(-30) }}
