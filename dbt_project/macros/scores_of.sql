{#
    The table of a model's scores, scores.<model>. dbt is told of one declared table, scores.models, so that a new model
    is one YAML file and no dbt source; all of scores.* is written before it.
#}
{% macro scores_of(model) -%}
    {%- set declared = source('scores', 'models') -%}
    {{ return(api.Relation.create(database=declared.database, schema=declared.schema, identifier=model)) }}
{%- endmacro %}
