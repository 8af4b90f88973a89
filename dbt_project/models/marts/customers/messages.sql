-- A view, like events: identity and the verdict on scanners are looked up, the rows stand in int_messages__distinct.
{{ config(materialized='view') }}

with final as (
    select
        {{ columns_of('messages', 'distinct_messages') }},
        {{ person_then() }} as person_id,
        distinct_messages.occurred_on,
        distinct_messages.occurred_hour,
        machines.message_event_key is not null as is_machine
    from {{ ref('int_messages__distinct') }} as distinct_messages
    left join {{ ref('int_messages__by_machine') }} as machines
        on distinct_messages.message_event_key = machines.message_event_key
    {{ join_person('distinct_messages.person_ref', 'distinct_messages.occurred_on') }}
)

select * from final
