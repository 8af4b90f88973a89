-- noqa: disable=LT02
-- What was known of each person at the end of each as_of_day: the one table that models learn from and score with.
-- D and the missing grid days are computed tonight (int_features__rows); grid days that are there already are kept as
-- they were first seen, for people who still are; any other day is dropped.
-- depends_on: {{ ref('int_features__days') }}
{{ config(materialized='table', contract={'enforced': true}, pre_hook="{{ grow_contract() }}") }}
{%- set kept = kept_grid_days('features__person') %}
{#- 0 where nothing happened, NULL where it cannot be known #}
{%- set counts = {
    'orders': [
        'lifetime_orders', 'orders_30d', 'orders_90d', 'orders_180d', 'orders_365d', 'lifetime_revenue', 'revenue_90d',
        'revenue_180d', 'revenue_365d', 'returns_365d', 'order_days', 'categories_bought', 'products_bought',
    ],
    'web': [
        'web_sessions_7d', 'web_sessions_30d', 'web_sessions_90d', 'product_views_7d', 'product_views_30d',
        'product_views_90d', 'carts_7d', 'carts_30d', 'carts_90d', 'checkouts_30d',
    ],
    'messages': [
        'emails_sent_30d', 'emails_sent_90d', 'emails_opened_30d', 'emails_opened_90d', 'emails_clicked_30d',
        'emails_clicked_90d', 'emails_refused_90d',
    ],
    'service': ['tickets_90d', 'open_tickets', 'registrations_180d', 'settled_webinars_180d', 'active_subscriptions'],
    'leads': ['open_deals', 'closed_deals'],
} %}
{%- set unknowns = {
    'orders': [
        'days_since_last_order', 'days_since_first_order', 'largest_order', 'average_order_value',
        'mean_days_between_orders', 'sd_days_between_orders', 'longest_days_between_orders', 'overdue_ratio',
        'orders_trend', 'returned_share', 'discount_share', 'coupon_share', 'store_share', 'app_share', 'trade_share',
        'lines_per_order', 'price_per_unit',
    ],
    'web': ['days_since_last_visit', 'visits_trend'],
    'messages': ['days_since_last_email_reaction', 'email_open_rate_90d'],
    'service': ['last_nps'],
    'leads': [
        'days_since_lead_created', 'days_since_deal_created', 'lead_employees', 'lead_from_referral',
        'lead_from_webinar', 'lead_from_event', 'lead_from_form', 'lead_from_list', 'lead_from_ads',
    ],
} %}
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

sampled as (
    select * from {{ ref('int_features__sample') }}
),

people as (
    select * from {{ source('identity', 'people') }}
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

computed as (
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
        end as {{ double }}) as is_open_lead
        {%- for topic, columns in counts.items() %}{% for column in columns %},
        cast(coalesce({{ topic }}.{{ column }}, 0) as {{ double }}) as {{ column }}
        {%- endfor %}{% endfor %}
        {%- for topic, columns in unknowns.items() %}{% for column in columns %},
        cast({{ topic }}.{{ column }} as {{ double }}) as {{ column }}
        {%- endfor %}{% endfor %}
        {%- for column in person_extras(true) %},
        {{ as_feature('extras.' ~ column.name, column.type) }} as {{ column.name }}
        {%- endfor %}
    from days
    left join golden on days.person_id = golden.person_id
    left join home on 1 = 1
    {%- for topic in counts %}
    left join {{ topic }} on days.person_id = {{ topic }}.person_id and days.as_of_day = {{ topic }}.as_of_day
    {%- endfor %}
    left join extras on days.person_id = extras.person_id and days.as_of_day = extras.as_of_day
),

final as (
    select * from computed
    {%- if kept %}
    union all
    select earlier.*
    from {{ this }} as earlier
    cross join sampled
    where
        earlier.as_of_day in {{ day_list(kept) }}
        and {{ sample_bucket('earlier.person_id') }} < sampled.below
        and exists (select 1 from people where people.person_id = earlier.person_id)
        and not exists (select 1 from days where days.as_of_day = earlier.as_of_day)
    {%- endif %}
)

select * from final
