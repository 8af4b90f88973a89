-- Which addresses have said no by now, whoever holds them: push takes out whoever a channel still knows by one of them.
{{ config(materialized='view') }}

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

final as (
    select * from judged
    union
    select * from since
)

select * from final
