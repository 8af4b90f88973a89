-- What a steward has said of a field, in place of the records: the newest word on each. It belongs to a record (or to
-- the reference that stands for one) and goes where that goes; where that is gone, to whoever the person is by now.
-- Grain (person_id, field).
{{ config(materialized='table') }}

with overrides as (
    select * from {{ source('identity', 'overrides') }}
),

people as (
    select * from {{ source('identity', 'people') }}
),

merges as (
    select * from {{ source('identity', 'merges') }}
),

identifiers as (
    select * from {{ source('identity', 'person_identifiers') }}
),

matched as (
    select * from {{ ref('int_people__matched') }}
),

placed as (
    select
        overrides.*,
        coalesce(
            matched.person_id, identifiers.person_id, merges.person_id, people.person_id
        ) as current_person_id
    from overrides
    left join matched on overrides.record_id = matched.record_id
    left join identifiers on overrides.record_id = identifiers.identifier
    left join merges on overrides.person_id = merges.merged_person_id
    left join people on overrides.person_id = people.person_id
),

ranked as (
    select
        *,
        row_number() over (
            partition by current_person_id, field order by decided_at desc, {{ tie_break('override_id') }}
        ) as newest_first
    from placed
    where current_person_id is not null
),

final as (
    select
        current_person_id as person_id,
        field,
        value,
        record_id,
        reason,
        decided_by,
        decided_at
    from ranked
    where newest_first = 1 and verdict = 'set'
)

select * from final
