{{ config(
    materialized='incremental',
    incremental_strategy=by_key(),
    unique_key='event_key',
    on_schema_change='append_new_columns',
    pre_hook=[
        "{{ match_extra_columns(ref('int_events__unioned'), 'events') }}",
        "{{ forget_changed_slices(ref('int_events__unioned'), 'events') }}",
    ],
) }}

{{ rows_of_new_slices(ref('int_events__unioned'), 'events', 'occurred_at') }}
