-- What was known of each person at the end of each as_of_day: the one table that models learn from and score with. D of
-- everybody is computed each night, the days of the training grid stand in int_features__grid.
{{ config(materialized=late_bound_view(), contract={'enforced': true}, pre_hook="{{ grow_contract() }}") }}

with final as (
    select {{ feature_columns() }}
    from {{ ref('int_features__computed') }}
    where as_of_day = {{ day() }}
    union all
    select {{ feature_columns() }}
    from {{ ref('int_features__grid') }}
    where as_of_day <> {{ day() }}
)

select * from final
