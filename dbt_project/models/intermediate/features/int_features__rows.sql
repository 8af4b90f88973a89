-- Whose features are computed tonight, and as of which days: everybody for D, and for those grid days that the feature
-- table does not hold yet the training sample.
{{ config(materialized='table') }}
{%- set missing = missing_grid_days() %}

with people as (
    select
        person_id,
        first_seen_day,
        {{ sample_bucket('person_id') }} as bucket
    from {{ source('identity', 'people') }}
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
    cross join {{ ref('int_features__sample') }} as sampled
    where
        (days.is_today and people.first_seen_day <= {{ day() }})
        or (people.first_seen_day <= days.as_of_day and people.bucket < sampled.below)
)

select * from final
