-- noqa: disable=LT02
-- The one row an account that segments read: its people, what they do, deals and orders, and the same with all accounts
-- under it. Each person, deal and order is of one account, so each counts once in every total.
{% set counts = [
    'people', 'customers', 'leads', 'sessions_30d', 'messages_opened_90d', 'messages_clicked_90d', 'lifetime_orders',
    'open_deals', 'won_deals',
] %}
{% set sums = ['lifetime_revenue', 'revenue_365d', 'open_deal_amount', 'won_deal_amount'] %}
with accounts as (
    select * from {{ source('identity', 'accounts') }}
),

keys as (
    select * from {{ source('identity', 'account_keys') }}
),

account_people as (
    select * from {{ source('identity', 'account_people') }}
),

listed as (
    select * from {{ ref('accounts') }}
),

people as (
    select
        account_people.account_id,
        count(*) as people,
        sum(case when profiles.lifecycle = 'customer' then 1 else 0 end) as customers,
        sum(case when profiles.lifecycle = 'lead' then 1 else 0 end) as leads,
        sum(profiles.sessions_30d) as sessions_30d,
        sum(profiles.messages_opened_90d) as messages_opened_90d,
        sum(profiles.messages_clicked_90d) as messages_clicked_90d,
        max(profiles.last_seen_at) as last_seen_at
    from account_people
    inner join {{ ref('int_people__profiled') }} as profiles on account_people.person_id = profiles.person_id
    group by account_people.account_id
),

-- an order or a deal is of the account that it names, else of its person's
orders as (
    select
        coalesce(keys.account_id, account_people.account_id) as account_id,
        count(case when orders.is_sale then 1 end) as lifetime_orders,
        sum(orders.revenue) as lifetime_revenue,
        sum(case when orders.ordered_on > {{ days_before(365) }} then orders.revenue else 0 end) as revenue_365d,
        max(case when orders.is_sale then orders.ordered_at end) as last_order_at
    from {{ ref('orders') }} as orders
    left join keys on orders.account_key = keys.account_key
    left join account_people on orders.person_id = account_people.person_id
    where orders.status = 'completed' and orders.ordered_on <= {{ day() }}
    group by coalesce(keys.account_id, account_people.account_id)
),

deals as (
    select
        coalesce(keys.account_id, account_people.account_id) as account_id,
        count(case when deals.status = 'open' then 1 end) as open_deals,
        sum(case when deals.status = 'open' then deals.amount else 0 end) as open_deal_amount,
        count(case when deals.status = 'won' then 1 end) as won_deals,
        sum(case when deals.status = 'won' then deals.amount else 0 end) as won_deal_amount,
        max(coalesce(deals.updated_at, deals.created_at)) as last_deal_at
    from {{ ref('deals') }} as deals
    left join keys on deals.account_key = keys.account_key
    left join account_people on deals.person_id = account_people.person_id
    where deals.created_on <= {{ day() }}
    group by coalesce(keys.account_id, account_people.account_id)
),

own as (
    select
        accounts.account_id,
        {%- for count in counts %}
        coalesce({{ count }}, 0) as {{ count }},
        {%- endfor %}
        {%- for amount in sums %}
        coalesce({{ amount }}, 0) as {{ amount }},
        {%- endfor %}
        {{ latest(['people.last_seen_at', 'orders.last_order_at', 'deals.last_deal_at']) }} as last_activity_at
    from accounts
    left join people on accounts.account_id = people.account_id
    left join orders on accounts.account_id = orders.account_id
    left join deals on accounts.account_id = deals.account_id
),

totals as (
    select
        ancestors.ancestor_id as account_id,
        count(*) - 1 as accounts_below,
        {%- for column in counts + sums %}
        sum(own.{{ column }}) as total_{{ column }},
        {%- endfor %}
        max(own.last_activity_at) as total_last_activity_at
    from {{ source('identity', 'account_ancestors') }} as ancestors
    inner join own on ancestors.account_id = own.account_id
    group by ancestors.ancestor_id
),

final as (
    select
        accounts.account_id,
        accounts.account_key,
        accounts.name,
        accounts.domain,
        listed.industry,
        listed.employees,
        listed.country,
        listed.owner,
        accounts.parent_account_id,
        accounts.top_account_id,
        accounts.depth,
        totals.accounts_below,
        {%- for prefix, table in [('', 'own'), ('total_', 'totals')] %}
        {%- for count in counts %}
        cast({{ table }}.{{ prefix }}{{ count }} as {{ type_of('integer') }}) as {{ prefix }}{{ count }},
        {%- endfor %}
        {%- for amount in sums %}
        cast({{ table }}.{{ prefix }}{{ amount }} as {{ type_of('money') }}) as {{ prefix }}{{ amount }},
        {%- endfor %}
        {{ table }}.{{ prefix }}last_activity_at{{ ',' if not loop.last }}
        {%- endfor %}
    from accounts
    inner join own on accounts.account_id = own.account_id
    inner join totals on accounts.account_id = totals.account_id
    left join listed on accounts.account_key = listed.account_key
)

select * from final
