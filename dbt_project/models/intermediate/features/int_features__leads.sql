-- Who was an open lead as of each day, and what was known of the lead then. A lead's status is kept as of D only, so
-- for an earlier day it is trusted where the record has not changed since. Grain (person_id, as_of_day), leads only.
{{ config(materialized='table') }}

with days as (
    select * from {{ ref('int_features__rows') }}
),

leads as (
    select
        records.*,
        matched.person_id
    from {{ ref('int_people__unioned') }} as records
    inner join {{ ref('int_people__matched') }} as matched on records.record_id = matched.record_id
    where records.lifecycle = 'lead'
),

accounts as (
    select * from {{ ref('accounts') }}
),

known_leads as (
    select
        days.person_id,
        days.as_of_day,
        max({{ age_days(local_day('leads.created_at')) }}) as days_since_lead_created,
        max(
            case
                when
                    {{ is_closed_lead('leads.lead_status') }}
                    and {{ local_day('leads.updated_at') }} <= days.as_of_day then 1
                else 0
            end
        ) as is_closed,
        max(case when {{ is_referral('leads.lead_source') }} then 1 else 0 end) as lead_from_referral,
        max(case when {{ is_webinar('leads.lead_source') }} then 1 else 0 end) as lead_from_webinar,
        max(case when {{ is_fair('leads.lead_source') }} then 1 else 0 end) as lead_from_event,
        max(case when {{ is_form('leads.lead_source') }} then 1 else 0 end) as lead_from_form,
        max(case when {{ is_list('leads.lead_source') }} then 1 else 0 end) as lead_from_list,
        max(case when {{ is_paid('leads.lead_source') }} then 1 else 0 end) as lead_from_ads,
        max(case when accounts.created_on <= days.as_of_day then accounts.employees end) as lead_employees
    from days
    inner join leads
        on days.person_id = leads.person_id and days.as_of_day >= {{ local_day('leads.created_at') }}
    left join accounts on leads.account_key = accounts.account_key
    group by days.person_id, days.as_of_day
),

deals as (
    select
        days.person_id,
        days.as_of_day,
        {{ count_of('deals.closed_on is null or deals.closed_on > days.as_of_day') }} as open_deals,
        {{ count_of('deals.closed_on <= days.as_of_day') }} as closed_deals,
        min(case
            when deals.closed_on is null or deals.closed_on > days.as_of_day then {{ age_days('deals.created_on') }}
        end) as days_since_deal_created
    from days
    inner join {{ ref('deals') }} as deals
        on days.person_id = deals.person_id and days.as_of_day >= deals.created_on
    group by days.person_id, days.as_of_day
),

final as (
    select
        known_leads.*,
        coalesce(deals.open_deals, 0) as open_deals,
        coalesce(deals.closed_deals, 0) as closed_deals,
        deals.days_since_deal_created
    from known_leads
    left join deals on known_leads.person_id = deals.person_id and known_leads.as_of_day = deals.as_of_day
)

select * from final
