-- Who has said no by now, whatever the day being built: push reads this view again just before it sends. What was
-- judged when the day was built stands in a table; whoever has said no since is out at once, and a yes since waits for
-- the next build.
{{ config(materialized='view') }}

with judged as (
    select
        person_id,
        channel,
        purpose,
        stopped_by,
        stopped_at
    from {{ ref('int_consents__standing') }}
    where stopped_by is not null
),

stops_since as (
    select * from {{ ref('int_consents__stops_since') }}
),

points as (
    select * from {{ ref('int_people__contact_points') }}
),

merged as (
    select
        merged_person_id,
        person_id
    from {{ source('identity', 'merges') }}
),

since as (
    select
        points.person_id,
        stops_since.channel,
        stops_since.purpose,
        stops_since.said as stopped_by,
        stops_since.said_at as stopped_at
    from stops_since
    inner join points on stops_since.identifier = points.identifier
    where {{ stop_reaches('stops_since', 'points') }}
),

stopped as (
    select * from judged
    union all
    select * from since
),

-- who has become somebody else says no with them: a channel, and an audience that is not built yet, know them by the
-- earlier id
under_every_id as (
    select * from stopped
    union all
    select
        merged.merged_person_id as person_id,
        stopped.channel,
        stopped.purpose,
        stopped.stopped_by,
        stopped.stopped_at
    from stopped
    inner join merged on stopped.person_id = merged.person_id
),

final as (
    select
        person_id,
        channel,
        purpose,
        max(stopped_by) as stopped_by,
        max(stopped_at) as withdrawn_at
    from under_every_id
    group by person_id, channel, purpose
)

select * from final
