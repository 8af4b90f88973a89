-- Who may be contacted no more by now, whatever the day being built: push reads this view again just before it sends.
-- What was judged when the day was built stands in a table; whoever has said no since is out at once, and a yes since
-- waits for the next build.
{{ config(materialized=late_bound_view()) }}

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

spoken_since as (
    select * from {{ ref('int_consents__stops_since') }}
),

-- identity may know more by now than the last build that ended well
points as (
    select
        person_id,
        identifier,
        kind,
        is_used,
        until_day
    from {{ ref('int_people__contact_points') }}
    union all
    select
        person_id,
        identifier,
        kind,
        false as is_used,
        cast(null as date) as until_day
    from {{ source('identity', 'person_identifiers') }}
),

stops_since as (
    {{ with_respelt_numbers('spoken_since', 'points') }}
),

-- 'none' is for the lists that contact nobody
channels as (
    {{ contact_channels() }}
    union all
    select 'none' as channel
),

suppressed as (
    select
        listed.person_id,
        channels.channel,
        purposes.purpose,
        'suppressed' as stopped_by,
        cast(null as {{ type_of('timestamp') }}) as stopped_at
    from ({{ suppressed_people() }}) as listed
    cross join channels
    cross join ({{ contact_purposes() }}) as purposes
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
    union all
    select * from suppressed
),

-- who has become somebody else says no with them, also where only the earlier id was judged
by_present_id as (
    select
        coalesce(merged.person_id, stopped.person_id) as person_id,
        stopped.channel,
        stopped.purpose,
        stopped.stopped_by,
        stopped.stopped_at
    from stopped
    left join merged on stopped.person_id = merged.merged_person_id
),

-- a channel, and an audience that is not built yet, know them by the earlier id
under_every_id as (
    select * from by_present_id
    union all
    select
        merged.merged_person_id as person_id,
        by_present_id.channel,
        by_present_id.purpose,
        by_present_id.stopped_by,
        by_present_id.stopped_at
    from by_present_id
    inner join merged on by_present_id.person_id = merged.person_id
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
