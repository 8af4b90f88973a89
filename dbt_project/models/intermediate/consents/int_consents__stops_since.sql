-- Stops that have come since D was judged, or that it did not know so: nothing answers them before the next build.
{{ config(materialized=late_bound_view()) }}

with judged as (
    select * from {{ ref('int_consents__judged') }}
),

by_now as (
    select * from {{ ref('int_consents__statements_any_day') }}
    where identifier is not null
),

final as (
    select by_now.*
    from by_now
    left join judged
        on
            by_now.statement_key = judged.statement_key
            and by_now.identifier = judged.identifier
            and by_now.channel = judged.channel
            and by_now.purpose = judged.purpose
            and by_now.said_at = judged.said_at
    where judged.identifier is null
)

select * from final
