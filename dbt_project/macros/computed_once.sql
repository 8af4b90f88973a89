{#
    An expression that is computed where it stands. Spark and Sail write a column's expression out again wherever the
    column is named and push what is asked of it down through every view below: a long one that a filter looks at is
    planned for seconds. Sail moves nothing that is said by chance, so it is asked for a chance that is certain.
#}
{% macro computed_once(expression) -%}
    {{ return(adapter.dispatch('computed_once')(expression)) }}
{%- endmacro %}

{% macro default__computed_once(expression) -%} {{ expression }} {%- endmacro %}

{% macro spark__computed_once(expression) -%} case when rand() >= 0 then {{ expression }} end {%- endmacro %}
