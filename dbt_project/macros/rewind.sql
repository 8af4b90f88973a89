{#
    Take back what the memory of segments holds of days after `to_day`: `fairlead rewind`, never part of a build. What
    follows from it (sizes, audiences) is built by the next night.

    The calendar goes last: where an engine has no transactions, what was stopped half way is asked for again.

    to_day      YYYY-MM-DD
#}
{% macro rewind(to_day) -%}
    {%- set day = "cast('" ~ to_day ~ "' as date)" -%}
    {%- set membership = table_named('marts', 'segment_membership') -%}
    {%- set days = table_named('marts', 'segment_days') -%}
    {%- set quality = table_named('marts', 'data_quality') -%}
    {%- set statements = [
        'delete from ' ~ membership ~ ' where entered_day > ' ~ day,
        'update ' ~ membership ~ ' set left_day = null where left_day > ' ~ day,
        'delete from ' ~ days ~ ' where day > ' ~ day,
    ] -%}
    {%- if is_there('marts', 'data_quality') -%}
        {%- do statements.insert(0, 'delete from ' ~ quality ~ ' where day > ' ~ day) -%}
    {%- endif -%}
    {{ run_together(statements) }}
{%- endmacro %}

{# Whether an engine has a table, asked of itself: `load_relation` would leave a transaction open. #}
{% macro is_there(schema, name) -%}
    {{ return(adapter.dispatch('is_there')(schema, name)) }}
{%- endmacro %}

{% macro default__is_there(schema, name) -%}
    {%- set asked -%}
        select 1 from information_schema.tables where table_schema = '{{ schema }}' and table_name = '{{ name }}'
    {%- endset -%}
    {{ return(run_query(asked).rows | length > 0) }}
{%- endmacro %}

{# no information_schema, and no transactions #}
{% macro spark__is_there(schema, name) -%}
    {{ return(load_relation(table_named(schema, name)) is not none) }}
{%- endmacro %}

{# All of some statements or none; on Spark, which has no transactions, one after the other. #}
{% macro run_together(statements) -%}
    {{ return(adapter.dispatch('run_together')(statements)) }}
{%- endmacro %}

{% macro default__run_together(statements) -%}
    {%- do run_query('begin; ' ~ statements | join('; ') ~ '; commit') -%}
{%- endmacro %}

{% macro spark__run_together(statements) -%}
    {%- for statement in statements -%}{%- do run_query(statement) -%}{%- endfor -%}
{%- endmacro %}
