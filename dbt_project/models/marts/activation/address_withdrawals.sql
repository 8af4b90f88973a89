-- Which addresses have said no by now, or are suppressed, whoever holds them: push takes out whoever a channel still
-- knows by one of them.
{{ config(materialized=late_bound_view()) }}

with judged as (
    select
        identifier,
        channel,
        purpose
    from {{ ref('int_consents__stopped_addresses') }}
),

stops_since as (
    select
        *,
        {{ dbt.split_part('identifier', "':'", 1) }} as kind
    from {{ ref('int_consents__stops_since') }}
),

since as (
    select
        identifier,
        channel,
        purpose
    from stops_since
    where {{ reaches('kind', 'channel') }}
),

points as (
    select distinct
        identifier,
        kind
    from {{ ref('int_people__contact_points') }}
),

suppressed as (
    select
        points.identifier,
        channels.channel,
        purposes.purpose
    from points
    inner join {{ ref('suppressed_identifiers') }} as listed
        on {{ dbt.hash('points.identifier') }} = listed.identifier_md5
    cross join ({{ contact_channels() }}) as channels
    cross join ({{ contact_purposes() }}) as purposes
    where {{ reaches('points.kind', 'channels.channel') }}
),

final as (
    select * from judged
    union
    select * from since
    union
    select * from suppressed
)

select * from final
