-- Whose features are computed tonight, and as of which days: everybody for D, and for those grid days that the feature
-- table does not hold yet a stable sample of at most about a quarter of a million people: enough to learn from.
{{ config(materialized='table') }}
{%- set missing = grid_days() | reject('in', kept_grid_days('features__person')) | list %}

with people as (
    select
        person_id,
        first_seen_day,
        substr({{ dbt.hash('person_id') }}, 1, 2) as bucket
    from {{ source('identity', 'people') }}
),

sample as (
    select
        case
            when count(*) <= 250000 then 'g'
            when count(*) <= 500000 then '80'
            when count(*) <= 1000000 then '40'
            when count(*) <= 4000000 then '10'
            else '04'
        end as below
    from people
),

days as (
    select {{ day() }} as as_of_day, true as is_today
    {%- for one in missing %}
    union all
    select cast('{{ one }}' as date), false
    {%- endfor %}
),

final as (
    select
        people.person_id,
        days.as_of_day,
        people.first_seen_day
    from people
    cross join days
    cross join sample
    where
        (days.is_today and people.first_seen_day <= {{ day() }})
        or (people.first_seen_day <= days.as_of_day and people.bucket < sample.below)
)

select * from final
