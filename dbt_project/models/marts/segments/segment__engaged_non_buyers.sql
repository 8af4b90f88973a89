-- segment__engaged_non_buyers.sql: look, read and click, but never bought
select person_id, lifetime_orders, sessions_30d, messages_clicked_90d
from {{ ref('profiles') }}
where
    lifetime_orders = 0
    and (sessions_30d >= 3 or messages_clicked_90d >= 2)
