-- How everybody stands with us beside buying: support, surveys, webinars, subscription, deals. One row a person with
-- any.
{{ config(materialized='table') }}

with tickets as (
    select
        person_id,
        count(*) as open_tickets
    from {{ ref('tickets') }}
    where status = 'open' and created_on <= {{ day() }}
    group by person_id
),

answers as (
    select
        person_id,
        score as last_nps,
        row_number() over (
            partition by person_id order by answered_at desc, {{ tie_break('answer_key') }}
        ) as newest_first
    from {{ ref('survey_answers') }}
    where {{ is_nps('survey') }} and score is not null and answered_on <= {{ day() }}
),

webinars as (
    select
        person_id,
        count(*) as webinars_attended_180d
    from {{ ref('registrations') }}
    where attended and registered_on > {{ days_before(180) }} and registered_on <= {{ day() }}
    group by person_id
),

-- one that runs counts before one that ended, then the one begun last
subscriptions as (
    select
        person_id,
        status as subscription_status,
        case when status = 'active' then renews_on end as renews_on,
        row_number() over (
            partition by person_id
            order by
                case status when 'active' then 1 else 2 end,
                started_at desc nulls last,
                {{ tie_break('subscription_key') }}
        ) as best_first
    from {{ ref('subscriptions') }}
    where started_on <= {{ day() }}
),

deals as (
    select
        person_id,
        sum(amount) as open_deal_amount
    from {{ ref('deals') }}
    where status = 'open' and created_on <= {{ day() }}
    group by person_id
),

concerned as (
    select person_id from tickets
    union
    select person_id from answers
    union
    select person_id from webinars
    union
    select person_id from subscriptions
    union
    select person_id from deals
),

final as (
    select
        concerned.person_id,
        coalesce(tickets.open_tickets, 0) as open_tickets,
        answers.last_nps,
        coalesce(webinars.webinars_attended_180d, 0) as webinars_attended_180d,
        subscriptions.subscription_status,
        subscriptions.renews_on,
        deals.open_deal_amount
    from concerned
    left join tickets on concerned.person_id = tickets.person_id
    left join answers on concerned.person_id = answers.person_id and answers.newest_first = 1
    left join webinars on concerned.person_id = webinars.person_id
    left join subscriptions on concerned.person_id = subscriptions.person_id and subscriptions.best_first = 1
    left join deals on concerned.person_id = deals.person_id
    where concerned.person_id is not null
)

select * from final
