{#
    The rows of all slices not yet in the table, each key once.

    relation    the entity's union; referred to by name each time, for a shared CTE would be held in memory whole
    entity      its name
    instant     the column from which `occurred_on` and `occurred_hour` are made
    stand_ins   column -> the column that stands in where it is NULL

    The days to be read stand in the SQL, so that an engine reads no other. Left joins and not `not exists`: engines run
    that one with all rows of the outer side in memory.
#}
{% macro rows_of_new_slices(relation, entity, instant, stand_ins={}) -%}
{%- set columns = entity_columns(entity) -%}
{%- set key = (columns.keys() | list)[0] -%}
{%- set days = _days_to_read(entity, relation) -%}
with slices as (
    {{ slices_of(entity, relation, days) }}
),

new_slices as (
    select slices.*
    from slices
    {% if is_incremental() -%}
    left join (
        select distinct _source, _day
        from {{ this }}
        where {{ days }}
    ) as built
        on slices._source = built._source and slices._day = built._day
    where built._day is null
    {%- endif %}
),

repeated_keys as (
    select rows_in.{{ key }}
    from {{ relation }} as rows_in
    inner join new_slices on rows_in._source = new_slices._source and rows_in._day = new_slices._day
    where rows_in.{{ days }}
    group by rows_in.{{ key }}
    having count(*) > 1
),

repeated as (
    select
        rows_in.*,
        row_number() over (
            partition by rows_in.{{ key }}
            order by
                rows_in._day
                {%- for column in columns if column not in (key, '_day') %}, rows_in.{{ column }} nulls last{% endfor %}
        ) as first_first
    from {{ relation }} as rows_in
    inner join repeated_keys on rows_in.{{ key }} = repeated_keys.{{ key }}
    inner join new_slices on rows_in._source = new_slices._source and rows_in._day = new_slices._day
    where rows_in.{{ days }}
),

distinct_rows as (
    select {{ columns_of(entity, 'rows_in') }}
    from {{ relation }} as rows_in
    left join repeated_keys on rows_in.{{ key }} = repeated_keys.{{ key }}
    where repeated_keys.{{ key }} is null and rows_in.{{ days }}
    union all
    select {{ columns_of(entity, 'repeated') }}
    from repeated
    where first_first = 1
),

{% if is_incremental() -%}
earlier as (
    select
        {{ key }},
        min(_day) as known_day
    from {{ this }}
    where {{ key }} in (select distinct_rows.{{ key }} from distinct_rows)
    group by {{ key }}
),

{% endif -%}
timed as (
    select
        distinct_rows.*,
        {{ in_zone('distinct_rows.' ~ instant) }} as local_at,
        new_slices._slice_rows,
        new_slices._slice_content
    from distinct_rows
    inner join new_slices
        on distinct_rows._source = new_slices._source and distinct_rows._day = new_slices._day
    {% if is_incremental() -%}
    left join earlier on distinct_rows.{{ key }} = earlier.{{ key }} and distinct_rows._day > earlier.known_day
    {%- endif %}
    where
        distinct_rows.{{ key }} is not null
        and distinct_rows.event is not null
        and distinct_rows.{{ instant }} is not null
        {%- if is_incremental() %}
        and earlier.{{ key }} is null
        {%- endif %}
),

final as (
    select
        {%- for column in columns %}
        {% if column in stand_ins -%}
        coalesce(timed.{{ column }}, timed.{{ stand_ins[column] }}) as {{ column }},
        {%- else -%}
        timed.{{ column }},
        {%- endif %}
        {%- endfor %}
        cast(timed.local_at as date) as occurred_on,
        cast(extract(hour from timed.local_at) as {{ type_of('integer') }}) as occurred_hour,
        timed._slice_rows,
        timed._slice_content
    from timed
)

select * from final
{%- endmacro %}

{# Before the first build, and where a column comes or changes: all. #}
{% macro _days_to_read(entity, relation) -%}
    {%- if not execute or not is_incremental() or _changes_of_columns(relation, entity) -%}
        {{ return('_day is not null') }}
    {%- endif -%}
    {{ return(days_of(changed_slices(entity, relation))) }}
{%- endmacro %}

{#
    pre_hook: the entity's extra columns with their types, and no rows where any is new, so that all are read again (a
    table of an earlier version has no `_slice_content`). A column of another type goes on under a name that nobody
    reads: PostgreSQL would drop the mart, a view, with it.
#}
{% macro match_extra_columns(relation, entity) -%}
    {{ return(adapter.dispatch('match_extra_columns')(relation, entity)) }}
{%- endmacro %}

{# Sail alters no table: one without rows, of the right columns, takes the place of this one. #}
{% macro spark__match_extra_columns(relation, entity) -%}
    {%- if is_incremental() -%}
    {%- set present = _types_of(this) -%}
    {%- set wanted = _types_of(relation) if extra_types(entity) else {} -%}
    {%- set types = dict(present) -%}
    {%- do types.update({'_slice_content': type_of('text')}) -%}
    {%- for column in extra_types(entity) -%}{%- do types.update({column: wanted[column]}) -%}{%- endfor -%}
    {%- if types != present -%}
    create or replace table {{ this }} {{ file_format_clause() }} {{ options_clause() }} as
    select
        {%- for column, type in types.items() %}
        cast(null as {{ type }}) as {{ column }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    where 1 = 0
    {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{% macro default__match_extra_columns(relation, entity) -%}
    {%- if is_incremental() -%}
    {%- set changes = _changes_of_columns(relation, entity) -%}
    {#- last: DuckDB alters no table of which the transaction has deleted rows -#}
    {{ (changes + ['delete from ' ~ this]) | join('; ') if changes }}
    {%- endif -%}
{%- endmacro %}

{% macro _changes_of_columns(relation, entity) -%}
    {%- set present = _types_of(this) -%}
    {%- set wanted = _types_of(relation) if extra_types(entity) else {} -%}
    {%- set changes = [] -%}
    {%- if '_slice_content' not in present -%}
        {%- do changes.append('alter table ' ~ this ~ ' add column _slice_content ' ~ type_of('text')) -%}
    {%- endif -%}
    {%- for column in extra_types(entity) if present.get(column) != wanted[column] -%}
        {%- if column in present -%}
            {%- set old_name = _old_name(column, present) -%}
            {%- do changes.append('alter table ' ~ this ~ ' rename column ' ~ column ~ ' to ' ~ old_name) -%}
        {%- endif -%}
        {%- do changes.append('alter table ' ~ this ~ ' add column ' ~ column ~ ' ' ~ wanted[column]) -%}
    {%- endfor -%}
    {{ return(changes) }}
{%- endmacro %}

{# Column -> type of a relation, as the engine says it. #}
{% macro _types_of(relation) -%}
    {%- set types = {} -%}
    {%- for column in adapter.get_columns_in_relation(relation) -%}
        {%- do types.update({column.name | lower: column.data_type}) -%}
    {%- endfor -%}
    {{ return(types) }}
{%- endmacro %}

{# column__1, or the next that is free. #}
{% macro _old_name(column, present) -%}
    {%- for number in range(1, 100) if column ~ '__' ~ number not in present -%}
        {%- if loop.first -%}{{ return(column ~ '__' ~ number) }}{%- endif -%}
    {%- endfor -%}
{%- endmacro %}
