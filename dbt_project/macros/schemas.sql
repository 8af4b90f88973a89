{# staging, intermediate and marts are named exactly so on every engine, without the target's prefix. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}

{# A table by its schema and name, whether it is there or not; Spark has no database above a schema. #}
{% macro table_named(schema, name) -%}
    {%- set database = none if target.type in ('sail', 'spark') else target.database -%}
    {{ return(api.Relation.create(database=database, schema=schema, identifier=name)) }}
{%- endmacro %}
