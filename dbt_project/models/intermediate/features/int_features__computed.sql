-- noqa: disable=LT02
-- What was known of each person at the end of each day that is computed tonight: D and the grid days that
-- int_features__grid lacks. Grain (person_id, as_of_day).
{{ config(materialized='table') }}
{%- set double = type_of('double') %}

with days as (
    select * from {{ ref('int_features__rows') }}
),

golden as (
    select * from {{ ref('int_people__golden') }}
),

orders as (
    select * from {{ ref('int_features__orders') }}
),

web as (
    select * from {{ ref('int_features__web') }}
),

messages as (
    select * from {{ ref('int_features__messages') }}
),

service as (
    select * from {{ ref('int_features__service') }}
),

leads as (
    select * from {{ ref('int_features__leads') }}
),

extras as (
    select * from {{ ref('int_features__extras') }}
),

-- where most people live
home as (
    select country
    from (
        select
            country,
            count(*) as people
        from golden
        where country is not null
        group by country
    ) as countries
    order by people desc, {{ tie_break('country') }}
    limit 1
),

final as (
    select
        days.person_id,
        days.as_of_day,
        cast({{ days_between('days.first_seen_day', 'days.as_of_day') }} as {{ double }}) as tenure_days,
        cast(extract(month from days.as_of_day) as {{ double }}) as month_of_year,
        cast(case
            when golden.birth_date <= days.as_of_day
                then floor({{ days_between('golden.birth_date', 'days.as_of_day') }} / 365.25)
        end as {{ double }}) as age_years,
        cast({{ is_female('golden.gender') }} as {{ double }}) as is_female,
        cast(case
            when golden.country = home.country then 1
            when golden.country is not null then 0
        end as {{ double }}) as is_home_country,
        cast(case
            when leads.is_closed = 0 and leads.closed_deals = 0 and coalesce(orders.lifetime_orders, 0) = 0 then 1
            else 0
        end as {{ double }}) as is_open_lead,
        -- 0 where nothing happened
        cast(coalesce(orders.lifetime_orders, 0) as {{ double }}) as lifetime_orders,
        cast(coalesce(orders.orders_30d, 0) as {{ double }}) as orders_30d,
        cast(coalesce(orders.orders_90d, 0) as {{ double }}) as orders_90d,
        cast(coalesce(orders.orders_180d, 0) as {{ double }}) as orders_180d,
        cast(coalesce(orders.orders_365d, 0) as {{ double }}) as orders_365d,
        cast(coalesce(orders.lifetime_revenue, 0) as {{ double }}) as lifetime_revenue,
        cast(coalesce(orders.revenue_90d, 0) as {{ double }}) as revenue_90d,
        cast(coalesce(orders.revenue_180d, 0) as {{ double }}) as revenue_180d,
        cast(coalesce(orders.revenue_365d, 0) as {{ double }}) as revenue_365d,
        cast(coalesce(orders.returns_365d, 0) as {{ double }}) as returns_365d,
        cast(coalesce(orders.order_days, 0) as {{ double }}) as order_days,
        cast(coalesce(orders.categories_bought, 0) as {{ double }}) as categories_bought,
        cast(coalesce(orders.products_bought, 0) as {{ double }}) as products_bought,
        cast(coalesce(web.web_sessions_7d, 0) as {{ double }}) as web_sessions_7d,
        cast(coalesce(web.web_sessions_30d, 0) as {{ double }}) as web_sessions_30d,
        cast(coalesce(web.web_sessions_90d, 0) as {{ double }}) as web_sessions_90d,
        cast(coalesce(web.product_views_7d, 0) as {{ double }}) as product_views_7d,
        cast(coalesce(web.product_views_30d, 0) as {{ double }}) as product_views_30d,
        cast(coalesce(web.product_views_90d, 0) as {{ double }}) as product_views_90d,
        cast(coalesce(web.carts_7d, 0) as {{ double }}) as carts_7d,
        cast(coalesce(web.carts_30d, 0) as {{ double }}) as carts_30d,
        cast(coalesce(web.carts_90d, 0) as {{ double }}) as carts_90d,
        cast(coalesce(web.checkouts_30d, 0) as {{ double }}) as checkouts_30d,
        cast(coalesce(messages.emails_sent_30d, 0) as {{ double }}) as emails_sent_30d,
        cast(coalesce(messages.emails_sent_90d, 0) as {{ double }}) as emails_sent_90d,
        cast(coalesce(messages.emails_opened_30d, 0) as {{ double }}) as emails_opened_30d,
        cast(coalesce(messages.emails_opened_90d, 0) as {{ double }}) as emails_opened_90d,
        cast(coalesce(messages.emails_clicked_30d, 0) as {{ double }}) as emails_clicked_30d,
        cast(coalesce(messages.emails_clicked_90d, 0) as {{ double }}) as emails_clicked_90d,
        cast(coalesce(messages.emails_refused_90d, 0) as {{ double }}) as emails_refused_90d,
        cast(coalesce(service.tickets_90d, 0) as {{ double }}) as tickets_90d,
        cast(coalesce(service.open_tickets, 0) as {{ double }}) as open_tickets,
        cast(coalesce(service.registrations_180d, 0) as {{ double }}) as registrations_180d,
        cast(coalesce(service.settled_webinars_180d, 0) as {{ double }}) as settled_webinars_180d,
        cast(coalesce(service.active_subscriptions, 0) as {{ double }}) as active_subscriptions,
        cast(coalesce(leads.open_deals, 0) as {{ double }}) as open_deals,
        cast(coalesce(leads.closed_deals, 0) as {{ double }}) as closed_deals,
        -- NULL where it cannot be known
        cast(orders.days_since_last_order as {{ double }}) as days_since_last_order,
        cast(orders.days_since_first_order as {{ double }}) as days_since_first_order,
        cast(orders.largest_order as {{ double }}) as largest_order,
        cast(orders.average_order_value as {{ double }}) as average_order_value,
        cast(orders.mean_days_between_orders as {{ double }}) as mean_days_between_orders,
        cast(orders.sd_days_between_orders as {{ double }}) as sd_days_between_orders,
        cast(orders.longest_days_between_orders as {{ double }}) as longest_days_between_orders,
        cast(orders.overdue_ratio as {{ double }}) as overdue_ratio,
        cast(orders.orders_trend as {{ double }}) as orders_trend,
        cast(orders.returned_share as {{ double }}) as returned_share,
        cast(orders.discount_share as {{ double }}) as discount_share,
        cast(orders.coupon_share as {{ double }}) as coupon_share,
        cast(orders.store_share as {{ double }}) as store_share,
        cast(orders.app_share as {{ double }}) as app_share,
        cast(orders.trade_share as {{ double }}) as trade_share,
        cast(orders.lines_per_order as {{ double }}) as lines_per_order,
        cast(orders.price_per_unit as {{ double }}) as price_per_unit,
        cast(web.days_since_last_visit as {{ double }}) as days_since_last_visit,
        cast(web.visits_trend as {{ double }}) as visits_trend,
        cast(messages.days_since_last_email_reaction as {{ double }}) as days_since_last_email_reaction,
        cast(messages.email_open_rate_90d as {{ double }}) as email_open_rate_90d,
        cast(service.last_nps as {{ double }}) as last_nps,
        cast(leads.days_since_lead_created as {{ double }}) as days_since_lead_created,
        cast(leads.days_since_deal_created as {{ double }}) as days_since_deal_created,
        cast(leads.lead_employees as {{ double }}) as lead_employees,
        cast(leads.lead_from_referral as {{ double }}) as lead_from_referral,
        cast(leads.lead_from_webinar as {{ double }}) as lead_from_webinar,
        cast(leads.lead_from_event as {{ double }}) as lead_from_event,
        cast(leads.lead_from_form as {{ double }}) as lead_from_form,
        cast(leads.lead_from_list as {{ double }}) as lead_from_list,
        cast(leads.lead_from_ads as {{ double }}) as lead_from_ads
        {%- for column in person_extras(true) %},
        {{ as_feature('extras.' ~ column.name, column.type) }} as {{ column.name }}
        {%- endfor %}
    from days
    left join golden on days.person_id = golden.person_id
    left join home on 1 = 1
    left join orders on days.person_id = orders.person_id and days.as_of_day = orders.as_of_day
    left join web on days.person_id = web.person_id and days.as_of_day = web.as_of_day
    left join messages on days.person_id = messages.person_id and days.as_of_day = messages.as_of_day
    left join service on days.person_id = service.person_id and days.as_of_day = service.as_of_day
    left join leads on days.person_id = leads.person_id and days.as_of_day = leads.as_of_day
    left join extras on days.person_id = extras.person_id and days.as_of_day = extras.as_of_day
)

select * from final
