-- What was built, an empty audience too: push refuses a day or a rule that this table does not know.
with syncs as (
    select * from {{ source('activation', 'syncs') }}
    where enabled
),

members as (
    select
        sync,
        included
    from {{ ref('audiences') }}
    union all
    select
        sync,
        included
    from {{ ref('feed_audiences') }}
),

final as (
    select
        syncs.sync,
        {{ day() }} as as_of_day,
        syncs.audience_hash,
        count(members.sync) as members,
        cast(coalesce(sum(case when members.included then 1 else 0 end), 0) as {{ type_of('integer') }}) as included
    from syncs
    left join members on syncs.sync = members.sync
    group by syncs.sync, syncs.audience_hash
)

select * from final
