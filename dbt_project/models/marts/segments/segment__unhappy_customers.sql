-- segment__unhappy_customers.sql: customers with an open ticket or a bad word; do not sell to them, help them
select person_id, last_nps, open_tickets
from {{ ref('profiles') }}
where
    lifetime_orders >= 1
    and (last_nps <= 6 or open_tickets >= 1)     -- 0 to 6 is a detractor (Reichheld 2003)
