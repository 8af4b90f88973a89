-- What a steward has said of a field, in place of the records: the newest word on each. It belongs to a record (or to
-- the reference that stands for one) and goes where that goes; where that is gone, to whoever the person is by now.
-- Grain (person_id, field).
{{ config(materialized='table') }}

with words as (
    select * from {{ source('identity', 'overrides') }}
),

people as (
    select * from {{ source('identity', 'people') }}
),

merged as (
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
        words.*,
        coalesce(
            matched.person_id, identifiers.person_id, merged.person_id, people.person_id
        ) as current_person_id
    from words
    left join matched on words.record_id = matched.record_id
    left join identifiers on words.record_id = identifiers.identifier
    left join merged on words.person_id = merged.merged_person_id
    left join people on words.person_id = people.person_id
),

ranked as (
    select
        placed.*,
        row_number() over (
            partition by placed.current_person_id, placed.field
            order by placed.decided_at desc, {{ tie_break('placed.override_id') }}
        ) as newest_first
    from placed
    where placed.current_person_id is not null
),

final as (
    select
        ranked.current_person_id as person_id,
        ranked.field,
        ranked.value,
        ranked.record_id,
        ranked.reason,
        ranked.decided_by,
        ranked.decided_at
    from ranked
    where ranked.newest_first = 1 and ranked.verdict = 'set'
)

select * from final
