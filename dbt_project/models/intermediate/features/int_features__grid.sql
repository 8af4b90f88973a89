-- Days of the training grid, the first of each of the last eighteen months, as each was first computed, for people who
-- still are: a night adds the days that are not there yet. Grain (person_id, as_of_day).
-- depends_on: {{ ref('int_features__days') }}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='sync_all_columns',
    pre_hook={'sql': "{{ forget_grid_rows() }}", 'transaction': only_within()},
) }}

with computed as (
    select
        *,
        {{ sample_bucket('person_id') }} as bucket
    from {{ ref('int_features__computed') }}
    where extract(day from as_of_day) = 1
),

final as (
    select computed.*
    from computed
    cross join {{ ref('int_features__sample') }} as sampled
    where computed.bucket < sampled.below
)

select * from final
