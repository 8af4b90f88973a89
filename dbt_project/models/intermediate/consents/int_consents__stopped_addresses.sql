-- Addresses with an unanswered no of their own at the end of D, whoever holds them: a channel may know somebody by one
-- still. Answered as a stop at an address in use is: by a grant there, or by the number of the one whose address it is
-- alone.
{{ config(materialized='table') }}

with statement_rows as (
    select
        *,
        {{ dbt.split_part('identifier', "':'", 1) }} as kind
    from {{ ref('int_consents__statements') }}
    where identifier is not null
),

points as (
    select * from {{ ref('int_people__contact_points') }}
    where is_own and not is_shared
),

stops as (
    select distinct
        identifier,
        channel,
        purpose,
        said_at,
        seen_day
    from statement_rows
    where said <> 'granted' and {{ reaches('kind', 'channel') }}
),

grants as (
    select * from statement_rows
    where said = 'granted'
),

owners as (
    select distinct
        stops.identifier,
        points.person_id
    from stops
    inner join points on stops.identifier = points.identifier
),

answers as (
    select
        identifier,
        channel,
        purpose,
        said_at,
        seen_day
    from grants
    union all
    select
        owners.identifier,
        grants.channel,
        grants.purpose,
        grants.said_at,
        grants.seen_day
    from owners
    inner join points on owners.person_id = points.person_id and points.kind not in ('email', 'phone', 'device')
    inner join grants on points.identifier = grants.identifier and not grants.names_address
),

answered as (
    select distinct
        stops.identifier,
        stops.channel,
        stops.purpose,
        stops.said_at,
        stops.seen_day
    from stops
    inner join answers
        on
            stops.identifier = answers.identifier
            and stops.channel = answers.channel
            and stops.purpose = answers.purpose
    where stops.said_at < answers.said_at and stops.seen_day <= answers.seen_day
),

final as (
    select distinct
        stops.identifier,
        stops.channel,
        stops.purpose
    from stops
    left join answered
        on
            stops.identifier = answered.identifier
            and stops.channel = answered.channel
            and stops.purpose = answered.purpose
            and stops.said_at = answered.said_at
            and stops.seen_day = answered.seen_day
    where answered.identifier is null
)

select * from final
