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
    {{ return({'text': 'string', 'double': 'double'}.get(name) or default__type_of(name)) }}
{%- endmacro %}

{# A number as money. By way of six exact decimals: engines round binary halves (2.675) differently. #}
{% macro money(expression) -%}
    cast(cast({{ expression }} as numeric(24, 6)) as {{ type_of('money') }})
{%- endmacro %}

{# A whole number; fractions are rounded half away from zero on every engine. #}
{% macro whole(expression) -%}
    cast(round(cast({{ expression }} as numeric(24, 6)), 0) as {{ type_of('integer') }})
{%- endmacro %}
