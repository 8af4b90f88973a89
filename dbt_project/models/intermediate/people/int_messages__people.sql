-- What profiles say of messages beside day D of int_features__messages; machines left out. One row a person with a
-- message.
{{ config(materialized='table') }}

with messages as (
    select * from {{ ref('messages') }}
    where person_id is not null and not is_machine and occurred_on <= {{ day() }}
),

totals as (
    select
        person_id,
        max(case when event in ('opened', 'clicked') then occurred_at end) as last_reaction_at
    from messages
    group by person_id
),

hours as (
    select
        person_id,
        occurred_hour,
        row_number() over (partition by person_id order by count(*) desc, occurred_hour) as best_first
    from messages
    where event in ('opened', 'clicked') and occurred_on > {{ days_before(180) }}
    group by person_id, occurred_hour
),

final as (
    select
        totals.*,
        hours.occurred_hour as best_hour
    from totals
    left join hours on totals.person_id = hours.person_id and hours.best_first = 1
)

select * from final
