{{ config(
    materialized='incremental',
    incremental_strategy=by_key(),
    unique_key='message_event_key',
    on_schema_change='append_new_columns',
    pre_hook=[
        "{{ match_extra_columns(ref('int_messages__unioned'), 'messages') }}",
        "{{ forget_changed_slices(ref('int_messages__unioned'), 'messages') }}",
    ],
) }}

{{ rows_of_new_slices(ref('int_messages__unioned'), 'messages', 'occurred_at', {'message_key': 'message_event_key'}) }}
