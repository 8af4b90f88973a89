-- People who share a home, as sums: one row a household of today. Where it is stands as its head has it.
with households as (
    select * from {{ source('identity', 'households') }}
),

members as (
    select * from {{ ref('int_people__profiled') }}
    where household_id is not null
),

reachable as (
    select
        person_id,
        max(case when channel = 'email' and allowed then 1 else 0 end) as may_email,
        max(case when channel = 'sms' and allowed then 1 else 0 end) as may_sms,
        max(case when channel = 'mail' and allowed then 1 else 0 end) as may_mail,
        max(case when reason in ('withdrawn', 'unsubscribed', 'complained') then 1 else 0 end) as opted_out
    from {{ ref('contactability') }}
    where purpose = 'marketing'
    group by person_id
),

heads as (
    select
        households.household_id,
        members.country,
        members.region,
        members.city,
        members.postal_code
    from households
    left join members on households.head_person_id = members.person_id
),

totals as (
    select
        members.household_id,
        count(*) as people,
        sum(case when members.lifecycle = 'customer' then 1 else 0 end) as customers,
        sum(members.lifetime_orders) as lifetime_orders,
        sum(members.lifetime_revenue) as lifetime_revenue,
        sum(members.orders_365d) as orders_365d,
        sum(members.revenue_365d) as revenue_365d,
        max(members.last_order_at) as last_order_at,
        sum(coalesce(reachable.may_email, 0)) as may_email,
        sum(coalesce(reachable.may_sms, 0)) as may_sms,
        sum(coalesce(reachable.may_mail, 0)) as may_mail,
        sum(coalesce(reachable.opted_out, 0)) as opted_out
    from members
    left join reachable on members.person_id = reachable.person_id
    group by members.household_id
),

final as (
    select
        households.household_id,
        households.head_person_id,
        households.since_day,
        heads.country,
        heads.region,
        heads.city,
        heads.postal_code,
        totals.people,
        {%- for count in [
            'customers', 'lifetime_orders', 'orders_365d', 'may_email', 'may_sms', 'may_mail', 'opted_out',
        ] %}
        cast(totals.{{ count }} as {{ type_of('integer') }}) as {{ count }},
        {%- endfor %}
        cast(totals.lifetime_revenue as {{ type_of('money') }}) as lifetime_revenue,
        cast(totals.revenue_365d as {{ type_of('money') }}) as revenue_365d,
        totals.last_order_at
    from households
    inner join totals on households.household_id = totals.household_id
    left join heads on households.household_id = heads.household_id
)

select * from final
