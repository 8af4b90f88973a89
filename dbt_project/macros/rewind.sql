{#
    Take back what the memory of segments holds of days after `to_day`: `fairlead rewind`, never part of a build. What
    follows from it (sizes, audiences) is built by the next night.

    to_day      YYYY-MM-DD
#}
{% macro rewind(to_day) -%}
    {%- set day = "cast('" ~ to_day ~ "' as date)" -%}
    {%- set membership = table_named('marts', 'segment_membership') -%}
    {%- set days = table_named('marts', 'segment_days') -%}
    {%- set quality = table_named('marts', 'data_quality') -%}
    {#- asked of the engine: `load_relation` would leave a transaction open -#}
    {%- set found = run_query(
        "select 1 from information_schema.tables where table_schema = 'marts' and table_name = 'data_quality'"
    ) -%}
    {%- set forget = '; delete from ' ~ quality ~ ' where day > ' ~ day if found.rows | length else '' -%}
    {%- do run_query(
        'begin; delete from ' ~ membership ~ ' where entered_day > ' ~ day
        ~ '; update ' ~ membership ~ ' set left_day = null where left_day > ' ~ day
        ~ '; delete from ' ~ days ~ ' where day > ' ~ day ~ forget ~ '; commit'
    ) -%}
{%- endmacro %}
