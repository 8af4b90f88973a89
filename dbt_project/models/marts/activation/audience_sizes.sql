-- What was built, an empty audience too: push refuses a day or a rule that this table does not know.
with syncs as (
    select * from {{ source('activation', 'syncs') }}
    where enabled
),

audiences as (
    select * from {{ ref('audiences') }}
),

final as (
    select
        syncs.sync,
        {{ day() }} as as_of_day,
        syncs.audience_hash,
        count(audiences.person_id) as members,
        cast(coalesce(sum(case when audiences.included then 1 else 0 end), 0) as {{ type_of('integer') }}) as included
    from syncs
    left join audiences on syncs.sync = audiences.sync
    group by syncs.sync, syncs.audience_hash
)

select * from final
