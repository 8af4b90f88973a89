{# The customer number; the files write 17850 as 17850.0. #}
{% macro online_retail_customer(column) -%}
    nullif({{ dbt.split_part('trim(' ~ column ~ ')', "'.'", 1) }}, '')
{%- endmacro %}
