-- What a record has given up, and who has held it beside it or since: of such identifiers alone, one row a record that
-- has ever held one. By it `fairlead resolve` says whose an identifier was when.
{{ config(materialized='table') }}

with records as (
    select
        *,
        {{ first_seen('created_at') }} as first_seen_day
    from {{ ref('int_people__unioned') }}
),

{{ holdings('records') }},

passed as (
    select distinct identifier
    from dropped
),

final as (
    select
        held_by_records.record_id,
        held_by_records.identifier,
        records.first_seen_day,
        held_by_records.first_day,
        coalesce(taken.since_day, held_by_records.first_day) as since_day,
        dropped.until_day
    from held_by_records
    inner join passed on held_by_records.identifier = passed.identifier
    left join records on held_by_records.record_id = records.record_id
    left join dropped
        on held_by_records.record_id = dropped.record_id and held_by_records.identifier = dropped.identifier
    left join taken
        on held_by_records.record_id = taken.record_id and held_by_records.identifier = taken.identifier
)

select * from final
