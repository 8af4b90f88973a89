-- How each person took our e-mail in the 90 days up to each as_of_day. What a scanner opened or clicked does not count.
{{ config(materialized='table') }}

with days as (
    select * from {{ ref('int_features__rows') }}
),

messages as (
    select
        person_id,
        occurred_on,
        sum(case when event = 'sent' then 1 else 0 end) as sent,
        sum(case when event = 'opened' then 1 else 0 end) as opened,
        sum(case when event = 'clicked' then 1 else 0 end) as clicked,
        sum(case when event in ('unsubscribed', 'complained') then 1 else 0 end) as refused
    from {{ ref('messages') }}
    where
        person_id is not null
        and not is_machine
        and channel = 'email'
        and occurred_on > (select {{ dbt.dateadd('day', -90, 'min(as_of_day)') }} from days)
        and occurred_on <= {{ day() }}
    group by person_id, occurred_on
),

known_messages as (
    select
        days.person_id,
        days.as_of_day,
        messages.sent,
        messages.opened,
        messages.clicked,
        messages.refused,
        {{ age_days('messages.occurred_on') }} as age_days
    from days
    inner join messages on days.person_id = messages.person_id and days.as_of_day >= messages.occurred_on
),

final as (
    select
        person_id,
        as_of_day,
        {{ sum_within(30, 'sent') }} as emails_sent_30d,
        {{ sum_within(90, 'sent') }} as emails_sent_90d,
        {{ sum_within(30, 'opened') }} as emails_opened_30d,
        {{ sum_within(90, 'opened') }} as emails_opened_90d,
        {{ sum_within(30, 'clicked') }} as emails_clicked_30d,
        {{ sum_within(90, 'clicked') }} as emails_clicked_90d,
        {{ sum_within(90, 'refused') }} as emails_refused_90d,
        min(case when opened + clicked > 0 then age_days end) as days_since_last_email_reaction,
        {{ share(sum_within(90, 'opened'), sum_within(90, 'sent')) }} as email_open_rate_90d
    from known_messages
    where age_days < 90
    group by person_id, as_of_day
)

select * from final
