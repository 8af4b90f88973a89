{# The earliest and the latest of several instants; NULLs do not count (on Spark `least` alone would do the same). #}
{% macro earliest(instants) -%}
    least({{ instants | join(', ') }})
{%- endmacro %}

{% macro latest(instants) -%}
    greatest({{ instants | join(', ') }})
{%- endmacro %}

{# Money divided by a count, NULL by zero. #}
{% macro ratio_of_money(amount, number) -%}
    {{ money(amount ~ ' / nullif(' ~ number ~ ', 0)') }}
{%- endmacro %}
