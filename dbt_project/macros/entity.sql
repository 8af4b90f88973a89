{#
    All sources' rows of one entity: the union of models/staging/<source>/stg_<source>__<entity>.sql, found by file name
    (`fairlead build` passes what it found). Types are cast, columns a source lacks are NULL, a column that the entity does
    not know is refused. No source at all gives no rows, with the right types.
#}
{% macro entity(name) -%}
    {{ _united(name, 'staged') }}
{%- endmacro %}

{#
    The same rows in another light. Each staging model's own SQL is read again, so nothing is said twice:

    whatever the day    what has arrived by now, also after D: for what must never be out of date
    every version       what each key has ever said by D (or whatever the day), and not its newest row alone
    refused             what the contract refused at the door, as far as it could be read (docs/reference/consent.md)
#}
{% macro entity_any_day(name) -%}
    {{ _united(name, 'any_day') }}
{%- endmacro %}

{% macro entity_versions(name, any_day=false) -%}
    {{ _united(name, 'versions_any_day' if any_day else 'versions') }}
{%- endmacro %}

{% macro entity_refused(name, any_day=false) -%}
    {{ _united(name, 'refused_any_day' if any_day else 'refused') }}
{%- endmacro %}

{% macro _united(name, light) -%}
    {%- set columns = entity_columns(name) -%}
    {%- set sources = var('entities', {}).get(name, []) -%}
    {%- for source in sources %}
    select
        {%- set relation = ref('stg_' ~ source ~ '__' ~ name) %}
        {%- set present = staged_columns(relation, name, columns) %}
        {%- for column, type in columns.items() %}
        {{ _staged_column(column, type, source, present) }} as {{ column }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from {% if light == 'staged' %}{{ relation }}{% else %}(
        {{ staging_in_light('stg_' ~ source ~ '__' ~ name, light) }}
    ) as staged{% endif %}
    {% if not loop.last %}union all{% endif %}
    {%- else %}
    select
        {%- for column, type in columns.items() %}
        cast(null as {{ type_of(type) }}) as {{ column }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    where 1 = 0
    {%- endfor %}
{%- endmacro %}

{# The SQL of one staging model, read in one of those lights; asked of the graph, so only when something is built. #}
{% macro staging_in_light(model_name, light) -%}
    {%- if not execute -%}{{ return('select 1') }}{%- endif -%}
    {%- set node = graph.nodes.values() | selectattr('name', 'equalto', model_name) | first -%}
    {%- set read = namespace(sql=render(node.raw_code)) -%}
    {%- if 'any_day' in light -%}
        {%- set read.sql = read.sql | replace(day(), "cast('9999-12-31' as date)") -%}
    {%- endif -%}
    {%- if 'versions' in light -%}
        {%- set read.sql = every_version(read.sql) -%}
    {%- elif 'refused' in light -%}
        {%- set read.sql = with_or_without_key(every_version(read.sql)) -%}
        {%- for id in node.depends_on.nodes if id in graph.sources -%}
            {%- set raw = source(graph.sources[id].source_name, graph.sources[id].name) -%}
            {%- set twin = refused_twin(raw) -%}
            {%- if load_relation(twin) -%}
                {%- set read.sql = read.sql | replace(raw | string, twin | string) -%}
            {%- else -%}
                {%- set read.sql = 'select * from (' ~ read.sql ~ ') as kept_nowhere where 1 = 0' -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(read.sql) }}
{%- endmacro %}

{# Where the rows of a raw table stay that were refused at the door; made where the table feeds a statement of consent. #}
{% macro refused_twin(raw) -%}
    {{ return(api.Relation.create(database=raw.database, schema=raw.schema, identifier=raw.identifier ~ '__refused')) }}
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
