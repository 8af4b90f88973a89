-- A view, like events: identity and the verdict on scanners are looked up, the rows stand in int_messages__distinct.
{{ config(materialized='view') }}

with final as (
    select
        {{ columns_of('messages', 'distinct_messages') }},
        identifiers.person_id,
        distinct_messages.occurred_on,
        distinct_messages.occurred_hour,
        machines.message_event_key is not null as is_machine
    from {{ ref('int_messages__distinct') }} as distinct_messages
    left join {{ ref('int_messages__by_machine') }} as machines
        on distinct_messages.message_event_key = machines.message_event_key
    left join {{ source('identity', 'person_identifiers') }} as identifiers
        on distinct_messages.person_ref = identifiers.identifier
)

select * from final
