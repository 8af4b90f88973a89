-- Who has said no by now, whatever the day being built: push reads this view again just before it sends. What was judged
-- when the day was built stands in a table; whoever has said no since is out at once, and a yes since waits for the next build.
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

known as (
    select distinct
        statement_key,
        identifier,
        channel,
        purpose,
        said_at
    from {{ ref('int_consents__statements') }}
    where said <> 'granted'
),

by_now as (
    select * from {{ ref('int_consents__statements_any_day') }}
    where identifier is not null
),

points as (
    select * from {{ ref('int_people__contact_points') }}
),

since as (
    select
        points.person_id,
        by_now.channel,
        by_now.purpose,
        by_now.said as stopped_by,
        by_now.said_at as stopped_at
    from by_now
    inner join points on by_now.identifier = points.identifier
    left join known
        on
            by_now.statement_key = known.statement_key
            and by_now.identifier = known.identifier
            and by_now.channel = known.channel
            and by_now.purpose = known.purpose
            and by_now.said_at = known.said_at
    where known.identifier is null and {{ stop_reaches('by_now', 'points') }}
),

final as (
    select
        person_id,
        channel,
        purpose,
        max(stopped_by) as stopped_by,
        max(stopped_at) as withdrawn_at
    from (
        select * from judged
        union all
        select * from since
    ) as stopped
    group by person_id, channel, purpose
)

select * from final
