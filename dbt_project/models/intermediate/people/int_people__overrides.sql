-- What a steward has said of a field, in place of the records: the newest word that stands, of all records of somebody.
-- Grain (person_id, field).
{{ config(materialized='table') }}

with {{ placed_words() }},

ranked as (
    select
        placed_words.*,
        row_number() over (
            partition by placed_words.current_person_id, placed_words.field
            order by placed_words.decided_at desc, {{ tie_break('placed_words.override_id') }}
        ) as newest_of_person
    from placed_words
    where
        placed_words.newest_first = 1
        and placed_words.verdict = 'set'
        and placed_words.current_person_id is not null
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
    where ranked.newest_of_person = 1
)

select * from final
