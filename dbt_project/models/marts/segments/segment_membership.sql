-- Who was in which segment, from when to when, and by which values. It is its own memory: yesterday's rows, today's
-- members. A second run of the newest day undoes that day first and so changes nothing; a run of an older day leaves
-- all as it is.
{%- set spell = {
    'segment': 'text', 'person_id': 'text', 'entered_day': 'date', 'left_day': 'date', 'decided_by': 'text',
} %}
with before as (
    {{ rows_before(spell) }}
),

newest as (
    select coalesce(max(day), {{ day() }}) = {{ day() }} as is_today
    from {{ ref('segment_days') }}
),

merges as (
    select
        merged_person_id,
        min(person_id) as person_id
    from {{ source('identity', 'merges') }}
    where merged_day <= {{ day() }}
    group by merged_person_id
),

-- as it stood before D, under the names people have now
known as (
    select
        before.segment,
        coalesce(merges.person_id, before.person_id) as person_id,
        before.entered_day,
        case when before.left_day < {{ day() }} then before.left_day end as left_day,
        before.decided_by,
        -- tells two stays of one day apart: each pass below must take them in the same order
        before.person_id as known_as,
        merges.person_id is not null as is_renamed
    from before
    left join merges on before.person_id = merges.merged_person_id
    where before.entered_day < {{ day() }}
),

renamed as (
    select distinct segment, person_id
    from known
    where is_renamed
),

-- two who became one may have been in a segment at once: their stays that meet become one
stays as (
    select
        known.segment,
        known.person_id,
        known.entered_day,
        coalesce(known.left_day, {{ no_end() }}) as left_day,
        known.decided_by,
        known.known_as,
        max(coalesce(known.left_day, {{ no_end() }})) over (
            partition by known.segment, known.person_id
            order by known.entered_day, known.decided_by, known.known_as
            rows between unbounded preceding and 1 preceding
        ) as covered_until
    from known
    inner join renamed on known.segment = renamed.segment and known.person_id = renamed.person_id
),

numbered as (
    select
        *,
        sum(case when entered_day <= covered_until then 0 else 1 end) over (
            partition by segment, person_id
            order by entered_day, decided_by, known_as
            rows between unbounded preceding and current row
        ) as stay
    from stays
),

placed as (
    select
        *,
        row_number() over (partition by segment, person_id, stay order by entered_day, decided_by, known_as) as place,
        max(left_day) over (partition by segment, person_id, stay) as last_left
    from numbered
),

spells as (
    select
        segment,
        person_id,
        entered_day,
        case when last_left < {{ no_end() }} then last_left end as left_day,
        decided_by
    from placed
    where place = 1
    union all
    select
        known.segment,
        known.person_id,
        known.entered_day,
        known.left_day,
        known.decided_by
    from known
    left join renamed on known.segment = renamed.segment and known.person_id = renamed.person_id
    where renamed.person_id is null
),

members as (
    {{ segment_members(var('segments')) }}
),

kept_or_left as (
    select
        spells.segment,
        spells.person_id,
        spells.entered_day,
        case
            when spells.left_day is null and members.person_id is null then {{ day() }}
            else spells.left_day
        end as left_day,
        spells.decided_by
    from spells
    left join members on spells.segment = members.segment and spells.person_id = members.person_id
),

entered_today as (
    select
        members.segment,
        members.person_id,
        {{ day() }} as entered_day,
        cast(null as date) as left_day,
        members.decided_by
    from members
    left join spells
        on members.segment = spells.segment and members.person_id = spells.person_id and spells.left_day is null
    where spells.person_id is null
),

final as (
    select kept_or_left.* from kept_or_left cross join newest where newest.is_today
    union all
    select entered_today.* from entered_today cross join newest where newest.is_today
    union all
    select before.* from before cross join newest where not newest.is_today
)

select
    segment,
    person_id,
    entered_day,
    left_day,
    decided_by
from final
