-- segment__cart_abandoners.sql: put something in the cart in the last three days and has not ordered since
select person_id, last_cart_at, last_order_at
from {{ ref('profiles') }}
where
    {{ local_day('last_cart_at') }} > {{ days_before(3) }}
    and {{ local_day('last_cart_at') }} <= {{ day() }}
    and (last_order_at is null or last_order_at < last_cart_at)
