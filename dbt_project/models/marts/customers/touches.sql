-- One row a marketing contact: a message sent to somebody, or a visit that came from an advertisement.
with messages as (
    select * from {{ ref('messages') }}
),

ad_visits as (
    select
        *,
        row_number() over (
            partition by session_key, utm_source, utm_campaign order by occurred_at, event_key
        ) as first_first
    from {{ ref('events') }}
    where {{ is_paid('utm_medium') }}
),

message_touches as (
    select
        'message:' || message_key as touch_key,
        max(person_id) as person_id,
        'message' as kind,
        max(channel) as channel,
        max(_source) as platform,
        max(campaign) as campaign,
        message_key,
        coalesce(
            min(case when event = 'sent' then occurred_at end),
            min(occurred_at)
        ) as touched_at,
        max(case when event = 'delivered' then 1 else 0 end) = 1 as is_delivered,
        min(case when event = 'opened' and not is_machine then occurred_at end) as opened_at,
        min(case when event = 'clicked' and not is_machine then occurred_at end) as clicked_at,
        max(case when event = 'bounced' then 1 else 0 end) = 1 as is_bounced,
        max(case when event = 'complained' then 1 else 0 end) = 1 as is_complained,
        max(case when event = 'unsubscribed' then 1 else 0 end) = 1 as is_unsubscribed
    from messages
    group by message_key
),

ad_touches as (
    select
        'ad:' || event_key as touch_key,
        person_id,
        'ad_click' as kind,
        'ads' as channel,
        utm_source as platform,
        utm_campaign as campaign,
        cast(null as {{ type_of('text') }}) as message_key,
        occurred_at as touched_at,
        true as is_delivered,
        cast(null as {{ type_of('timestamp') }}) as opened_at,
        occurred_at as clicked_at,
        false as is_bounced,
        false as is_complained,
        false as is_unsubscribed
    from ad_visits
    where first_first = 1
),

touches as (
    select * from message_touches
    union all
    select * from ad_touches
),

final as (
    select
        *,
        {{ local_day('touched_at') }} as touched_on
    from touches
)

select * from final
