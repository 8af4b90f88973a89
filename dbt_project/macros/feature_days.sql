{#
    Of which tables' rows a day of the features was computed. What was pulled is asked of the diary of pulls
    (`raw.pulls`), which orders by days and not by clocks.
#}

{# The entities that features are made of. #}
{% macro feature_entities() -%}
    {{ return([
        'people', 'accounts', 'orders', 'order_lines', 'products', 'events', 'messages', 'deals', 'subscriptions',
        'tickets', 'survey_answers', 'registrations',
    ]) }}
{%- endmacro %}

{# Raw tables that staging models of those entities read, by name; asked of the graph, so only when it is built. #}
{% macro feature_tables() -%}
    {%- set tables = [] -%}
    {%- if execute -%}
    {%- for node in graph.nodes.values() if node.name.startswith('stg_') -%}
        {%- if node.name.split('__')[1] in feature_entities() -%}
        {%- for id in node.depends_on.nodes if id in graph.sources and graph.sources[id].source_name == 'raw' -%}
            {%- do tables.append(graph.sources[id].name) -%}
        {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    {%- endif -%}
    {{ return(tables | unique | sort | list) }}
{%- endmacro %}

{# (source, table_name, day, rows_landed) of the pulls that brought rows of those tables. #}
{% macro feature_pulls() -%}
    {%- set pulls = table_named('raw', 'pulls') -%}
    {%- set tables = feature_tables() -%}
    {%- if tables and load_relation(pulls) -%}
    select
        source,
        table_name,
        day,
        rows_landed
    from {{ pulls }}
    where
        rows_landed > 0
        and source || '__' || table_name in (
            {%- for name in tables %}'{{ name }}'{% if not loop.last %}, {% endif %}{% endfor -%}
        )
    {%- else -%}
    select
        cast(null as {{ type_of('text') }}) as source,
        cast(null as {{ type_of('text') }}) as table_name,
        cast(null as date) as day,
        cast(null as {{ type_of('integer') }}) as rows_landed
    where 1 = 0
    {%- endif -%}
{%- endmacro %}
