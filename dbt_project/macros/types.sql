{# What the documented types are called on an engine; `double` is the one name they disagree on. #}
{% macro type_of(name) -%}
    {{ return(adapter.dispatch('type_of')(name)) }}
{%- endmacro %}

{% macro default__type_of(name) -%}
    {%- set types = {
        'text': 'text', 'integer': 'bigint', 'money': 'numeric(18, 2)', 'double': 'double precision',
        'boolean': 'boolean', 'timestamp': 'timestamp', 'date': 'date',
    } -%}
    {%- if name not in types -%}
        {{ exceptions.raise_compiler_error("No type '" ~ name ~ "'. Types: " ~ types.keys() | join(', ')) }}
    {%- endif -%}
    {{ return(types[name]) }}
{%- endmacro %}

{% macro spark__type_of(name) -%}
    {{ return(spark_type(default__type_of(name))) }}
{%- endmacro %}

{#
    What contracts and seeds say in the names of DuckDB and PostgreSQL, as Spark spells it.
#}
{% macro spark_type(name) -%}
    {{ return({'text': 'string', 'double precision': 'double'}.get(name, name)) }}
{%- endmacro %}

{#
    pre_hook of a table that is added to: whole numbers that an earlier version kept as DuckDB or PostgreSQL sum them up
    (see `total`) become such as are meant.
#}
{% macro narrow_whole_numbers(columns) -%}
    {{ return(adapter.dispatch('narrow_whole_numbers')(columns)) }}
{%- endmacro %}

{% macro default__narrow_whole_numbers(columns) -%}
    {%- set changes = [] -%}
    {%- if execute and is_incremental() -%}
    {%- for column in adapter.get_columns_in_relation(this) -%}
        {%- if column.name in columns and column.data_type | lower != type_of('integer') -%}
        {%- do changes.append('alter table ' ~ this ~ ' alter column ' ~ column.name ~ ' type ' ~ type_of('integer')) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- endif -%}
    {{ changes | join('; ') }}
{%- endmacro %}

{# Spark's sums are of 64 bits. #}
{% macro spark__narrow_whole_numbers(columns) -%}{%- endmacro %}

{# What dbt compares the columns of a model under contract with. #}
{% macro spark__get_empty_schema_sql(columns) -%}
    select
    {%- for column in columns.values() %}
        cast(null as {{ spark_type(column.data_type) }}) as {{ column.name }}
        {%- if not loop.last %},{% endif %}
    {%- endfor %}
{%- endmacro %}

{#
    A number as money, rounded to cents half away from zero. In doubles, where every engine computes the same, and with
    a nudge, for 2.675 is 2.67499… there: casts to numeric round binary halves differently, and on 128 bits are slow.
    What no till ever held (10^15 and more, not a number) is NULL: it would stop the cast, and with it the night.
#}
{% macro money(expression) -%}
    {%- set number = 'cast(' ~ expression ~ ' as ' ~ type_of('double') ~ ')' -%}
    cast(
        case when abs({{ number }}) < 1e15 then sign({{ number }}) * floor(abs({{ number }}) * 100 + 0.500001) / 100 end
        as {{ type_of('money') }}
    )
{%- endmacro %}
