{#
    Tables of many rows, built a slice (source and day) at a time, each key once: the first day that brought it wins.

    A slice remembers what it was built from: how many rows (`_slice_rows`) and a digest of what they hold
    (`_slice_content`). One that differs has late rows, a row that was put right under its key, a staging model that
    reads otherwise, lost rows to `fairlead forget`, or (for a day after D) ought not to be here: it is deleted before
    the run and built anew. So a night touches one day's rows, a backfilled or recomputed day gives what a full build
    gives, and a second run changes nothing. What changes with identity is joined later, in a view.

    A row without a key, a word or a time is in no slice's table: it is counted (the tests of the union, which warn),
    and what it says about consent is read elsewhere.
#}

{# pre_hook: drop the slices that are no longer what they should be. #}
{% macro forget_changed_slices(relation, entity) -%}
    {{ return(adapter.dispatch('forget_changed_slices')(relation, entity)) }}
{%- endmacro %}

{% macro default__forget_changed_slices(relation, entity) -%}
    {%- if is_incremental() -%}
    delete from {{ this }}
    where not exists (
        select 1
        from (
            select
                _source,
                _day,
                count(*) as slice_rows,
                {{ content_of(entity, 'rows_in') }} as slice_content
            from {{ relation }} as rows_in
            group by _source, _day
        ) as slices
        where
            slices._source = {{ this }}._source
            and slices._day = {{ this }}._day
            and slices.slice_rows = {{ this }}._slice_rows
            and slices.slice_content = {{ this }}._slice_content
    )
    {%- endif -%}
{%- endmacro %}

{# Spark plans no DELETE with a subquery: which slices they are is asked first. #}
{% macro spark__forget_changed_slices(relation, entity) -%}
    {%- if execute and is_incremental() -%}
    {%- set changed -%}
        select distinct
            built._source,
            cast(built._day as string) as _day
        from {{ this }} as built
        left join (
            select
                _source,
                _day,
                count(*) as slice_rows,
                {{ content_of(entity, 'rows_in') }} as slice_content
            from {{ relation }} as rows_in
            group by _source, _day
        ) as slices
            on
                built._source = slices._source
                and built._day = slices._day
                and built._slice_rows = slices.slice_rows
                and built._slice_content = slices.slice_content
        where slices._source is null
    {%- endset -%}
    {%- set days = {} -%}
    {%- for source, day in run_query(changed).rows -%}
        {%- do days.setdefault(source, []).append(day | string) -%}
    {%- endfor -%}
    {%- for source, of_source in days.items() %}
    {{ 'delete from ' ~ this ~ ' where ' if loop.first else ' or ' }}(
        _source = {{ literal(source) }} and _day in {{ day_list(of_source) }}
    )
    {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{# How a built key is replaced: dbt on Spark knows the one statement for it, elsewhere the two. #}
{% macro by_key() -%}
    {{ return('merge' if target.type in ('sail', 'spark') else 'delete+insert') }}
{%- endmacro %}

{# A text that is another when any row of a group holds something else, whatever their order. #}
{% macro content_of(entity, alias) -%}
    {{ return(adapter.dispatch('content_of')(columns_of(entity, alias))) }}
{%- endmacro %}

{% macro duckdb__content_of(columns) -%} cast(sum(hash({{ columns }})) as text) {%- endmacro %}

{% macro postgres__content_of(columns) -%}
    cast(sum(hashtextextended(cast(row({{ columns }}) as text), 0)) as text)
{%- endmacro %}

{% macro spark__content_of(columns) -%}
    cast(sum(cast(xxhash64({{ columns }}) as decimal(38, 0))) as string)
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
    {%- set present = _types_of(this) -%}
    {%- set wanted = _types_of(relation) if extra_types(entity) else {} -%}
    {%- set changes = [] -%}
    {%- if '_slice_content' not in present -%}
        {%- do changes.append('alter table ' ~ this ~ ' add column _slice_content ' ~ type_of('text')) -%}
    {%- endif -%}
    {%- for column in extra_types(entity) if present.get(column) != wanted[column] -%}
        {%- if column in present -%}
            {%- do changes.append('alter table ' ~ this ~ ' rename column ' ~ column ~ ' to ' ~ _old_name(column, present)) -%}
        {%- endif -%}
        {%- do changes.append('alter table ' ~ this ~ ' add column ' ~ column ~ ' ' ~ wanted[column]) -%}
    {%- endfor -%}
    {#- last: DuckDB alters no table of which the transaction has deleted rows -#}
    {{ (changes + ['delete from ' ~ this]) | join('; ') if changes }}
    {%- endif -%}
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

{#
    The rows of all slices not yet in the table, each key once.

    relation    the entity's union; referred to by name each time, for a shared CTE would be held in memory whole
    entity      its name
    instant     the column from which `occurred_on` and `occurred_hour` are made
    stand_ins   column -> the column that stands in where it is NULL

    Left joins and not `not exists`: engines run that one with all rows of the outer side in memory.
#}
{% macro rows_of_new_slices(relation, entity, instant, stand_ins={}) -%}
{%- set columns = entity_columns(entity) -%}
{%- set key = (columns.keys() | list)[0] -%}
with slices as (
    select
        _source,
        _day,
        count(*) as _slice_rows
    from {{ relation }}
    group by _source, _day
),

unbuilt_slices as (
    select * from slices
    {% if is_incremental() -%}
    where not exists (
        select 1
        from {{ this }} as built
        where built._source = slices._source and built._day = slices._day
    )
    {%- endif %}
),

new_slices as (
    select
        unbuilt_slices._source,
        unbuilt_slices._day,
        unbuilt_slices._slice_rows,
        {{ content_of(entity, 'rows_in') }} as _slice_content
    from {{ relation }} as rows_in
    inner join unbuilt_slices on rows_in._source = unbuilt_slices._source and rows_in._day = unbuilt_slices._day
    group by unbuilt_slices._source, unbuilt_slices._day, unbuilt_slices._slice_rows
),

repeated_keys as (
    select rows_in.{{ key }}
    from {{ relation }} as rows_in
    inner join new_slices on rows_in._source = new_slices._source and rows_in._day = new_slices._day
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
),

distinct_rows as (
    select {{ columns_of(entity, 'rows_in') }}
    from {{ relation }} as rows_in
    left join repeated_keys on rows_in.{{ key }} = repeated_keys.{{ key }}
    where repeated_keys.{{ key }} is null
    union all
    select {{ columns_of(entity, 'repeated') }}
    from repeated
    where first_first = 1
),

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
    left join {{ this }} as built
        on distinct_rows.{{ key }} = built.{{ key }} and distinct_rows._day > built._day
    {%- endif %}
    where
        distinct_rows.{{ key }} is not null
        and distinct_rows.event is not null
        and distinct_rows.{{ instant }} is not null
        {%- if is_incremental() %}
        and built.{{ key }} is null
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
