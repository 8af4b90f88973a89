-- Stops that have come since D was built, or that it did not know so: nothing answers them before the next build.
{{ config(materialized='view') }}

with known as (
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

final as (
    select by_now.*
    from by_now
    left join known
        on
            by_now.statement_key = known.statement_key
            and by_now.identifier = known.identifier
            and by_now.channel = known.channel
            and by_now.purpose = known.purpose
            and by_now.said_at = known.said_at
    where known.identifier is null
)

select * from final
