-- noqa: disable=LT02
-- Everything a profile holds but its scores: built before scoring, so that the long work is done once a night. What is
-- counted or summed is day D of the tables that features are made of, so that no aggregate has two definitions.
{{ config(materialized='table', contract={'enforced': true}, pre_hook="{{ grow_contract() }}") }}
{%- set first_instant = earliest(['golden.created_at', 'orders.first_order_at', 'events.first_event_at']) %}

with golden as (
    select * from {{ ref('int_people__golden') }}
),

orders as (
    select * from {{ ref('int_orders__people') }}
),

events as (
    select * from {{ ref('int_events__people') }}
),

messages as (
    select * from {{ ref('int_messages__people') }}
),

relations as (
    select * from {{ ref('int_relations__people') }}
),

extras as (
    select * from {{ ref('int_extras__people') }}
),
{% for topic in ['orders', 'web', 'messages', 'service'] %}
{{ topic }}_of_day as (
    select * from {{ ref('int_features__' ~ topic) }}
    where as_of_day = {{ day() }}
),
{% endfor %}
household_people as (
    select * from {{ source('identity', 'household_people') }}
),

account_people as (
    select * from {{ source('identity', 'account_people') }}
),

final as (
    select
        golden.person_id,
        golden.email,
        golden.phone,
        golden.first_name,
        golden.last_name,
        golden.birth_date,
        golden.gender,
        golden.country,
        golden.region,
        golden.city,
        golden.postal_code,
        golden.street,
        golden.language,
        golden.time_zone,
        golden.account_key,
        golden.lifecycle,
        golden.lead_status,
        golden.lead_source,
        golden.loyalty_points,
        golden.loyalty_tier,
        -- of a day without an hour its beginning, where nothing says when on it
        case
            when {{ local_day(first_instant) }} <= golden.first_seen_day then {{ first_instant }}
            else {{ start_of('golden.first_seen_day') }}
        end as first_seen_at,
        {{ latest([
            'golden.created_at', 'orders.last_order_at', 'events.last_event_at', 'messages.last_reaction_at',
        ]) }} as last_seen_at,
        orders.first_order_at,
        orders.last_order_at,
        cast(orders_of_day.days_since_last_order as {{ type_of('integer') }}) as days_since_last_order,
        cast(coalesce(orders_of_day.lifetime_orders, 0) as {{ type_of('integer') }}) as lifetime_orders,
        cast(coalesce(orders_of_day.lifetime_revenue, 0) as {{ type_of('money') }}) as lifetime_revenue,
        coalesce(orders.lifetime_returns, 0) as lifetime_returns,
        cast(coalesce(orders_of_day.revenue_365d, 0) as {{ type_of('money') }}) as revenue_365d,
        cast(coalesce(orders_of_day.orders_365d, 0) as {{ type_of('integer') }}) as orders_365d,
        {{ money('orders_of_day.average_order_value') }} as average_order_value,
        orders.favourite_category,
        cast(coalesce(web_of_day.web_sessions_30d, 0) as {{ type_of('integer') }}) as sessions_30d,
        cast(coalesce(web_of_day.product_views_30d, 0) as {{ type_of('integer') }}) as product_views_30d,
        cast(coalesce(web_of_day.carts_30d, 0) as {{ type_of('integer') }}) as carts_30d,
        events.last_cart_at,
        cast(coalesce(messages_of_day.messages_sent_90d, 0) as {{ type_of('integer') }}) as messages_sent_90d,
        cast(coalesce(messages_of_day.messages_opened_90d, 0) as {{ type_of('integer') }}) as messages_opened_90d,
        cast(coalesce(messages_of_day.messages_clicked_90d, 0) as {{ type_of('integer') }}) as messages_clicked_90d,
        messages.best_hour,
        cast(coalesce(service_of_day.open_tickets, 0) as {{ type_of('integer') }}) as open_tickets,
        cast(service_of_day.last_nps as {{ type_of('integer') }}) as last_nps,
        cast(coalesce(service_of_day.webinars_attended_180d, 0) as {{ type_of('integer') }}) as webinars_attended_180d,
        relations.subscription_status,
        relations.renews_on,
        orders.rfm_recency,
        orders.rfm_frequency,
        orders.rfm_monetary,
        golden.is_trade,
        cast(relations.open_deal_amount as {{ type_of('money') }}) as open_deal_amount,
        household_people.household_id,
        account_people.account_id
        {%- for column in person_extras() %},
        {{ 'golden' if column.entity == 'people' else 'extras' }}.{{ column.name }}
        {%- endfor %}
    from golden
    left join orders on golden.person_id = orders.person_id
    left join events on golden.person_id = events.person_id
    left join messages on golden.person_id = messages.person_id
    left join relations on golden.person_id = relations.person_id
    left join extras on golden.person_id = extras.person_id
    {%- for topic in ['orders', 'web', 'messages', 'service'] %}
    left join {{ topic }}_of_day on golden.person_id = {{ topic }}_of_day.person_id
    {%- endfor %}
    left join household_people on golden.person_id = household_people.person_id
    left join account_people on golden.person_id = account_people.person_id
)

select * from final
