-- How each person took our messages in the 90 days up to each as_of_day. A message counts once, however often it was
-- opened; what a scanner opened or clicked does not count. Models learn from e-mails, profiles have all channels.
{{ config(materialized='table') }}

with days as (
    select * from {{ ref('int_features__rows') }}
),

messages as (
    select
        person_id,
        message_key,
        channel,
        occurred_on,
        case
            when event in ('sent', 'delivered') then 'sent'
            when event in ('unsubscribed', 'complained') then 'refused'
            else event
        end as kind
    from {{ ref('messages') }}
    where
        person_id is not null
        and not is_machine
        and event in ('sent', 'delivered', 'opened', 'clicked', 'unsubscribed', 'complained')
        and {{ feature_days_since(90) }}
),

-- the next day on which the same happened to the same message: from then on it counts there
followed as (
    select
        person_id,
        channel,
        kind,
        occurred_on,
        lead(occurred_on) over (
            partition by person_id, channel, message_key, kind
            order by occurred_on
        ) as next_on
    from messages
    group by person_id, channel, message_key, kind, occurred_on
),

by_day as (
    select
        person_id,
        channel,
        occurred_on,
        next_on,
        {{ count_of("kind = 'sent'") }} as sent,
        {{ count_of("kind = 'opened'") }} as opened,
        {{ count_of("kind = 'clicked'") }} as clicked,
        {{ count_of("kind = 'refused'") }} as refused
    from followed
    group by person_id, channel, occurred_on, next_on
),

known_messages as (
    select
        days.person_id,
        days.as_of_day,
        by_day.sent,
        by_day.opened,
        by_day.clicked,
        {%- for event in ['sent', 'opened', 'clicked', 'refused'] %}
        case when by_day.channel = 'email' then by_day.{{ event }} else 0 end as email_{{ event }},
        {%- endfor %}
        {{ age_days('by_day.occurred_on') }} as age_days
    from days
    inner join by_day
        on
            days.person_id = by_day.person_id
            and days.as_of_day >= by_day.occurred_on
            and (by_day.next_on is null or days.as_of_day < by_day.next_on)
),

final as (
    select
        person_id,
        as_of_day,
        {{ sum_within(90, 'sent') }} as messages_sent_90d,
        {{ sum_within(90, 'opened') }} as messages_opened_90d,
        {{ sum_within(90, 'clicked') }} as messages_clicked_90d,
        {{ sum_within(30, 'email_sent') }} as emails_sent_30d,
        {{ sum_within(90, 'email_sent') }} as emails_sent_90d,
        {{ sum_within(30, 'email_opened') }} as emails_opened_30d,
        {{ sum_within(90, 'email_opened') }} as emails_opened_90d,
        {{ sum_within(30, 'email_clicked') }} as emails_clicked_30d,
        {{ sum_within(90, 'email_clicked') }} as emails_clicked_90d,
        {{ sum_within(90, 'email_refused') }} as emails_refused_90d,
        min(case when email_opened + email_clicked > 0 then age_days end) as days_since_last_email_reaction,
        {{ share(sum_within(90, 'email_opened'), sum_within(90, 'email_sent')) }} as email_open_rate_90d
    from known_messages
    where age_days < 90
    group by person_id, as_of_day
)

select * from final
