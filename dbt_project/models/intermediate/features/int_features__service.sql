-- How each person stood with us beside buying by each as_of_day: tickets, answers, webinars, subscriptions.
-- What ends later (a ticket closed, a subscription cancelled) was open then.
{{ config(materialized='table') }}

with days as (
    select * from {{ ref('int_features__rows') }}
),

tickets as (
    select
        days.person_id,
        days.as_of_day,
        sum(case when {{ age_days('tickets.created_on') }} < 90 then 1 else 0 end) as tickets_90d,
        sum(case
            when days.as_of_day = {{ day() }} then case when tickets.status = 'open' then 1 else 0 end
            when tickets.closed_on > days.as_of_day then 1
            -- one that is closed, nobody says when, was open on no day that is known
            when tickets.closed_on is null and tickets.status = 'open' then 1
            else 0
        end) as open_tickets
    from days
    inner join {{ ref('tickets') }} as tickets
        on days.person_id = tickets.person_id and days.as_of_day >= tickets.created_on
    group by days.person_id, days.as_of_day
),

answers as (
    select
        days.person_id,
        days.as_of_day,
        survey_answers.score as last_nps,
        row_number() over (
            partition by days.person_id, days.as_of_day
            order by survey_answers.answered_at desc, {{ tie_break('survey_answers.answer_key') }}
        ) as newest_first
    from days
    inner join {{ ref('survey_answers') }} as survey_answers
        on days.person_id = survey_answers.person_id and days.as_of_day >= survey_answers.answered_on
    where {{ is_nps('survey_answers.survey') }} and survey_answers.score is not null
),

-- whether somebody attended is written to the registration later: for models it counts 30 days after, when it is surely
-- known (settled); profiles take what is known by D
registrations as (
    select
        days.person_id,
        days.as_of_day,
        sum(case when {{ age_days('registrations.registered_on') }} < 180 then 1 else 0 end) as registrations_180d,
        sum(case
            when registrations.attended and {{ age_days('registrations.registered_on') }} < 180 then 1 else 0
        end) as webinars_attended_180d,
        sum(case
            when registrations.attended and {{ age_days('registrations.registered_on') }} between 30 and 209 then 1
            else 0
        end) as settled_webinars_180d
    from days
    inner join {{ ref('registrations') }} as registrations
        on days.person_id = registrations.person_id and days.as_of_day >= registrations.registered_on
    group by days.person_id, days.as_of_day
),

subscriptions as (
    select
        days.person_id,
        days.as_of_day,
        sum(case
            when subscriptions.cancelled_on is null or subscriptions.cancelled_on > days.as_of_day then 1 else 0
        end) as active_subscriptions
    from days
    inner join {{ ref('subscriptions') }} as subscriptions
        on days.person_id = subscriptions.person_id and days.as_of_day >= subscriptions.started_on
    group by days.person_id, days.as_of_day
),

final as (
    select
        days.person_id,
        days.as_of_day,
        cast(tickets.tickets_90d as {{ type_of('integer') }}) as tickets_90d,
        cast(tickets.open_tickets as {{ type_of('integer') }}) as open_tickets,
        answers.last_nps,
        cast(registrations.registrations_180d as {{ type_of('integer') }}) as registrations_180d,
        cast(registrations.webinars_attended_180d as {{ type_of('integer') }}) as webinars_attended_180d,
        cast(registrations.settled_webinars_180d as {{ type_of('integer') }}) as settled_webinars_180d,
        cast(subscriptions.active_subscriptions as {{ type_of('integer') }}) as active_subscriptions
    from days
    left join tickets on days.person_id = tickets.person_id and days.as_of_day = tickets.as_of_day
    left join answers
        on days.person_id = answers.person_id and days.as_of_day = answers.as_of_day and answers.newest_first = 1
    left join registrations on days.person_id = registrations.person_id and days.as_of_day = registrations.as_of_day
    left join subscriptions on days.person_id = subscriptions.person_id and days.as_of_day = subscriptions.as_of_day
    where
        tickets.person_id is not null
        or answers.person_id is not null
        or registrations.person_id is not null
        or subscriptions.person_id is not null
)

select * from final
