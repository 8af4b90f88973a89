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
