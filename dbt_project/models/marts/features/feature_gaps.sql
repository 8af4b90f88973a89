-- Days of the training grid that were computed before a table's rows had come, as raw stands now: `fairlead build
-- --full` computes them again. A tenth more rows of the days known then are a backfill; a few are late, as any night's.
-- Grain (source, table_name).
{{ config(materialized=late_bound_view()) }}

with days as (
    select * from {{ ref('int_features__days') }}
),

pulls as (
    {{ feature_pulls() }}
),

tables as (
    select distinct
        source,
        table_name
    from pulls
),

computed as (
    select distinct
        as_of_day,
        computed_day
    from days
    where extract(day from as_of_day) = 1
),

by_now as (
    select
        computed.as_of_day,
        tables.source,
        tables.table_name,
        sum(case when pulls.day <= computed.computed_day then pulls.rows_landed else 0 end) as rows_known
    from computed
    cross join tables
    inner join pulls on tables.source = pulls.source and tables.table_name = pulls.table_name
    group by computed.as_of_day, tables.source, tables.table_name
),

final as (
    select
        by_now.source,
        by_now.table_name,
        count(*) as days,
        min(by_now.as_of_day) as first_day,
        max(by_now.as_of_day) as last_day
    from by_now
    left join days
        on
            by_now.as_of_day = days.as_of_day
            and by_now.source = days.source
            and by_now.table_name = days.table_name
    where days.source is null or by_now.rows_known > days.rows_landed * 1.1 + 10
    group by by_now.source, by_now.table_name
)

select * from final
