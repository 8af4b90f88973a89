-- Opens and clicks made by a security scanner and not by a human. Rules, any of them:
--   soon      within 5 seconds of delivery: nobody reads that fast, scanners fetch before they hand over
--   at once   two or more different links of one message in the same second
--   known     the user agent of a scanner, a script, or a proxy that opens everything (macros/is_scanner.sql)
{{ config(materialized='table') }}

with messages as (
    select * from {{ ref('int_messages__distinct') }}
),

deliveries as (
    select
        message_key,
        min(occurred_at) as delivered_at
    from messages
    where event = 'delivered'
    group by message_key
),

reactions as (
    select
        message_event_key,
        message_key,
        event,
        url,
        occurred_at,
        lower(coalesce(user_agent, '')) as agent
    from messages
    where event in ('opened', 'clicked')
),

clicks_at_once as (
    select
        message_key,
        {{ whole_second('occurred_at') }} as clicked_second
    from reactions
    where event = 'clicked'
    group by message_key, {{ whole_second('occurred_at') }}
    having count(distinct url) >= 2
),

final as (
    select
        reactions.message_event_key,
        case
            when clicks_at_once.message_key is not null then 'at once'
            when {{ seconds_between('deliveries.delivered_at', 'reactions.occurred_at') }} between 0 and 5 then 'soon'
            else 'known'
        end as because
    from reactions
    left join deliveries on reactions.message_key = deliveries.message_key
    left join clicks_at_once
        on
            reactions.message_key = clicks_at_once.message_key
            and {{ whole_second('reactions.occurred_at') }} = clicks_at_once.clicked_second
    where
        clicks_at_once.message_key is not null
        or {{ seconds_between('deliveries.delivered_at', 'reactions.occurred_at') }} between 0 and 5
        or {{ is_scanner('reactions.agent') }}
)

select * from final
