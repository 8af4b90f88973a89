{#
    Tables of many rows, built a slice (source and day) at a time, each key once: the first day that brought it wins.

    A slice remembers how many rows it was built from (`_slice_rows`). Raw is append-only, so a slice whose count
    differs has late rows, lost rows to `fairlead forget`, or (for a day after D) ought not to be here: it is deleted
    before the run and built anew. So a night touches one day's rows, a backfilled or recomputed day gives what a full
    build gives, and a second run changes nothing. What changes with identity is joined later, in a view.
#}

{# pre_hook: drop the slices that are no longer what they should be. #}
{% macro forget_changed_slices(relation) -%}
    {%- if is_incremental() -%}
    delete from {{ this }}
    where not exists (
        select 1
        from (
            select _source, _day, count(*) as slice_rows
            from {{ relation }}
            group by _source, _day
        ) as slices
        where
            slices._source = {{ this }}._source
            and slices._day = {{ this }}._day
            and slices.slice_rows = {{ this }}._slice_rows
    )
    {%- endif -%}
{%- endmacro %}

{#
    pre_hook: the entity's extra columns with their types, and no rows where any is new, so that all are read again. A
    column of another type goes on under a name that nobody reads: PostgreSQL would drop the mart,
    a view, with it.
#}
{% macro match_extra_columns(relation, entity) -%}
    {%- if is_incremental() and extra_types(entity) -%}
    {%- set present = _types_of(this) -%}
    {%- set wanted = _types_of(relation) -%}
    {%- set changes = [] -%}
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

    Left joins and not `not exists`: engines run that one with all rows of the outer side in memory.
#}
{% macro rows_of_new_slices(relation, entity, instant) -%}
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

new_slices as (
    select * from slices
    {% if is_incremental() -%}
    where not exists (
        select 1
        from {{ this }} as built
        where built._source = slices._source and built._day = slices._day
    )
    {%- endif %}
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
        new_slices._slice_rows
    from distinct_rows
    inner join new_slices
        on distinct_rows._source = new_slices._source and distinct_rows._day = new_slices._day
    {% if is_incremental() -%}
    left join {{ this }} as built
        on distinct_rows.{{ key }} = built.{{ key }} and distinct_rows._day > built._day
    where built.{{ key }} is null
    {%- endif %}
),

final as (
    select
        {{ columns_of(entity, 'timed') }},
        cast(timed.local_at as date) as occurred_on,
        cast(extract(hour from timed.local_at) as {{ type_of('integer') }}) as occurred_hour,
        timed._slice_rows
    from timed
)

select * from final
{%- endmacro %}
