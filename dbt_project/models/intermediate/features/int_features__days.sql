-- Which tables' rows each day of the feature table was computed from; days that are kept there keep their rows here.
-- Grain (as_of_day, source, table_name).
{{ config(materialized='table') }}
{%- set kept = kept_grid_days() %}
{%- set columns = {
    'as_of_day': 'date', 'computed_day': 'date', 'source': 'text', 'table_name': 'text', 'rows_landed': 'integer',
} %}

with before as (
    {{ rows_before(columns) }}
),

pulls as (
    {{ feature_pulls() }}
),

landed as (
    select
        source,
        table_name,
        cast(sum(rows_landed) as {{ type_of('integer') }}) as rows_landed
    from pulls
    where day <= {{ day() }}
    group by source, table_name
),

days as (
    select {{ day() }} as as_of_day
    {%- for one in missing_grid_days() %}
    union all
    select cast('{{ one }}' as date)
    {%- endfor %}
),

final as (
    select
        days.as_of_day,
        {{ day() }} as computed_day,
        landed.source,
        landed.table_name,
        landed.rows_landed
    from days
    cross join landed
    union all
    select
        as_of_day,
        computed_day,
        source,
        table_name,
        rows_landed
    from before
    where as_of_day in {{ day_list(kept) }}
)

select * from final
