{#
    Tables and views on DuckDB, each made and put in its place by one statement of one transaction: whoever reads
    meanwhile has the one of before, and a killed build leaves it. dbt-duckdb asks its adapter for each renaming and
    each dropping, which in a warehouse of some hundred models was a sixth of a small build.
#}
{% materialization table, adapter='duckdb', supported_languages=['sql', 'python'] %}
    {%- set table = this.incorporate(type='table') -%}
    {%- set beside = make_intermediate_relation(table) -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- set create = create_table_as(False, beside, compiled_code, model.language) -%}
    {%- if model.language == 'python' -%}
    {% call statement('beside', language='python') -%}{{ create }}{%- endcall %}
    {%- endif -%}
    {% call statement('main') -%}
        {{ create ~ ';' if model.language == 'sql' }}
        {{ drop_standing() }}
        alter table {{ beside }} rename to {{ adapter.quote(table.identifier) }}
    {%- endcall %}
    {%- do create_indexes(table) -%}
    {{ end_of_model(table, post_hooks) }}
    {{ return({'relations': [table]}) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
    {%- set view = this.incorporate(type='view') -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% call statement('main') -%}
        {{ drop_standing() }}
        {{ get_create_view_as_sql(view, sql) }}
    {%- endcall %}
    {{ end_of_model(view, post_hooks) }}
    {{ return({'relations': [view]}) }}
{% endmaterialization %}

{% macro drop_standing() -%}
    {%- set standing = load_cached_relation(this) -%}
    {%- if standing is not none %}drop {{ standing.type }} if exists {{ standing }};{% endif -%}
{%- endmacro %}

{% macro end_of_model(relation, post_hooks) -%}
    {%- do apply_grants(relation, config.get('grants'), should_revoke=True) -%}
    {%- do persist_docs(relation, model) -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
{%- endmacro %}
