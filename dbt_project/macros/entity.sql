{#
    All sources' rows of one entity: the union of models/staging/<source>/stg_<source>__<entity>.sql, found by file name
    (`fairlead build` passes what it found). Types are cast, columns a source lacks are NULL, a column that the entity does
    not know is refused. No source at all gives no rows, with the right types.
#}
{% macro entity(name) -%}
    {%- set columns = entity_columns(name) -%}
    {%- set sources = var('entities', {}).get(name, []) -%}
    {%- for source in sources %}
    select
        {%- set relation = ref('stg_' ~ source ~ '__' ~ name) %}
        {%- set present = staged_columns(relation, name, columns) %}
        {%- for column, type in columns.items() %}
        {{ _staged_column(column, type, source, present) }} as {{ column }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from {{ relation }}
    {% if not loop.last %}union all{% endif %}
    {%- else %}
    select
        {%- for column, type in columns.items() %}
        cast(null as {{ type_of(type) }}) as {{ column }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    where 1 = 0
    {%- endfor %}
{%- endmacro %}

{% macro _staged_column(column, type, source, present) -%}
    {%- if column in present -%} cast({{ column }} as {{ type_of(type) }})
    {%- elif column == '_source' -%} cast('{{ source }}' as {{ type_of(type) }})
    {%- else -%} cast(null as {{ type_of(type) }})
    {%- endif -%}
{%- endmacro %}

{# What a staging model really holds; asked of the engine, so only when something is built. #}
{% macro staged_columns(relation, entity, columns) -%}
    {%- if not execute -%}{{ return(columns.keys() | list) }}{%- endif -%}
    {%- set present = adapter.get_columns_in_relation(relation) | map(attribute='name') | map('lower') | list -%}
    {%- set unknown = present | reject('in', columns.keys() | list) | list -%}
    {%- set key = (columns.keys() | list)[0] -%}
    {%- if unknown -%}
        {{ exceptions.raise_compiler_error(
            relation.identifier ~ ": " ~ entity ~ " has no column " ~ unknown | join(', ')
            ~ ". Known columns: " ~ columns.keys() | join(', ') ~ "."
        ) }}
    {%- endif -%}
    {%- if present and (key not in present or '_day' not in present) -%}
        {{ exceptions.raise_compiler_error(relation.identifier ~ " must give " ~ key ~ " and _day; it gives " ~ present | join(', ') ~ ".") }}
    {%- endif -%}
    {{ return(present) }}
{%- endmacro %}
