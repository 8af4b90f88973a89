{#
    What dbt's adapters for Spark do otherwise than this project needs it (docs/reference/spark.md). Its own dialect
    stands beside each macro as `spark__…`.
#}

{# Sail alters no table. What a contract says is never NULL is held there by the tests alone. #}
{% macro sail__persist_constraints(relation, model) -%}
{%- endmacro %}

{# Nor does a table that replaces another there take columns that it had not, unless it is told so. #}
{% macro sail__options_clause() -%} options ('overwriteSchema' 'true') {%- endmacro %}

{#
    A seed in one statement, its texts quoted: dbt puts them between quotes as they are, and an `'` in one ends it. It
    takes the place of the one before, which is there until then.
#}
{% macro spark__reset_csv_table(model, full_refresh, old_relation, agate_table) -%}
    {{ return(spark__create_csv_table(model, agate_table)) }}
{%- endmacro %}

{% macro spark__load_csv_rows(model, agate_table) -%} {{ return('') }} {%- endmacro %}

{% macro spark__create_csv_table(model, agate_table) -%}
    {%- set names = agate_table.column_names -%}
    {%- set types = model['config'].get('column_types', {}) -%}
    {%- set rows = agate_table.rows or [[none] * (names | length)] -%}
    {%- set statement -%}
        create or replace table {{ this }}
        {{ file_format_clause() }}
        {{ options_clause() }}
        as select
        {%- for name in names %}
            {%- set type = types.get(name, adapter.convert_type(agate_table, loop.index0)) %}
            cast({{ name }} as {{ spark_type(type) }}) as {{ name }}
            {%- if not loop.last %},{% endif %}
        {%- endfor %}
        from values
        {%- for row in rows %}
            ({% for value in row %}{{ literal(value) }}{% if not loop.last %}, {% endif %}{% endfor %})
            {%- if not loop.last %},{% endif %}
        {%- endfor %}
        as rows_in ({{ names | join(', ') }})
        {%- if not agate_table.rows %} where 1 = 0 {% endif -%}
    {%- endset -%}
    {%- do adapter.add_query(statement, abridge_sql_log=True) -%}
    {{ return(statement) }}
{%- endmacro %}
