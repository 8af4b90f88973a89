-- The days for which membership was worked out, so that a later run of an older day is known for what it is.
with before as (
    {{ rows_before({'day': 'date'}) }}
),

-- the calendar only grows: a day before the newest is not added
today as (
    select {{ day() }} as day
    where not exists (select 1 from before where before.day >= {{ day() }})
),

final as (
    select day from before
    union all
    select day from today
)

select * from final
