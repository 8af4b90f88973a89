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
        event,
        occurred_on
    from {{ ref('messages') }}
    where
        person_id is not null
        and not is_machine
        and event in ('sent', 'delivered', 'opened', 'clicked', 'unsubscribed', 'complained')
        and occurred_on > (select {{ dbt.dateadd('day', -90, 'min(as_of_day)') }} from days)
        and occurred_on <= {{ day() }}
),

known_messages as (
    select
        days.person_id,
        days.as_of_day,
        messages.message_key,
        messages.channel,
        messages.event,
        {{ age_days('messages.occurred_on') }} as age_days
    from days
    inner join messages on days.person_id = messages.person_id and days.as_of_day >= messages.occurred_on
),

-- how long ago each message was last sent, opened, clicked, refused
taken as (
    select
        person_id,
        as_of_day,
        channel,
        min(case when event in ('sent', 'delivered') then age_days end) as sent,
        min(case when event = 'opened' then age_days end) as opened,
        min(case when event = 'clicked' then age_days end) as clicked,
        min(case when event in ('unsubscribed', 'complained') then age_days end) as refused
    from known_messages
    where age_days < 90
    group by person_id, as_of_day, channel, message_key
),

final as (
    select
        person_id,
        as_of_day,
        count(sent) as messages_sent_90d,
        count(opened) as messages_opened_90d,
        count(clicked) as messages_clicked_90d,
        {%- for event in ['sent', 'opened', 'clicked'] %}
        count(case when channel = 'email' and {{ event }} < 30 then 1 end) as emails_{{ event }}_30d,
        count(case when channel = 'email' then {{ event }} end) as emails_{{ event }}_90d,
        {%- endfor %}
        count(case when channel = 'email' then refused end) as emails_refused_90d,
        min(case when channel = 'email' then least(opened, clicked) end) as days_since_last_email_reaction,
        {{ share(
            "count(case when channel = 'email' then opened end)", "count(case when channel = 'email' then sent end)"
        ) }} as email_open_rate_90d
    from taken
    group by person_id, as_of_day
)

select * from final
