-- How big each segment was on each day and how it moved: membership, counted. Segments that are empty have their rows,
-- too.
with entered as (
    select
        segment,
        entered_day as day,
        count(*) as entered
    from {{ ref('segment_membership') }}
    group by segment, entered_day
),

departed as (
    select
        segment,
        left_day as day,
        count(*) as departed
    from {{ ref('segment_membership') }}
    where left_day is not null
    group by segment, left_day
),

segments as (
    {% for segment in var('segments') -%}
    select cast('{{ segment }}' as {{ type_of('text') }}) as segment
    union
    {% endfor -%}
    select segment from entered
),

counted as (
    select
        segments.segment,
        days.day,
        coalesce(entered.entered, 0) as entered,
        coalesce(departed.departed, 0) as departed
    from segments
    cross join {{ ref('segment_days') }} as days
    left join entered on segments.segment = entered.segment and days.day = entered.day
    left join departed on segments.segment = departed.segment and days.day = departed.day
),

final as (
    select
        segment,
        day,
        cast(sum(entered - departed) over (
            partition by segment order by day rows between unbounded preceding and current row
        ) as {{ type_of('integer') }}) as people,
        cast(entered as {{ type_of('integer') }}) as entered,
        cast(departed as {{ type_of('integer') }}) as departed
    from counted
)

select
    segment,
    day,
    people,
    entered,
    departed
from final
