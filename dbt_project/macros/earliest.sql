{# The earliest and the latest of several instants; NULLs do not count (on Spark `least` alone would do the same). #}
{% macro earliest(instants) -%}
    least({{ instants | join(', ') }})
{%- endmacro %}

{% macro latest(instants) -%}
    greatest({{ instants | join(', ') }})
{%- endmacro %}
