{#
    All sources' rows of one entity: the union of models/staging/<source>/stg_<source>__<entity>.sql, found by file name
    (`fairlead build` passes what it found). Types are cast, columns a source lacks are NULL, a column is refused that
    neither the entity knows nor the source declares as its own. No source at all gives no rows, with the right types.
#}
{% macro entity(name) -%}
    {{ _united(name, 'staged') }}
{%- endmacro %}

{#
    The same rows in another light. Each staging model's own SQL is read again, so nothing is said twice:

    whatever the day    what has arrived by now, also after D: for what must never be out of date
    every version       what each key has ever said by D, and not its newest row alone
    refused             what the contract refused at the door, as far as it could be read (docs/reference/consent.md)
#}
{% macro entity_any_day(name) -%}
    {{ _united(name, 'any_day') }}
{%- endmacro %}

{% macro entity_versions(name) -%}
    {{ _united(name, 'versions') }}
{%- endmacro %}

{% macro entity_refused(name, any_day=false) -%}
    {{ _must_name_its_tables(name) }}
    {{ _united(name, 'refused_any_day' if any_day else 'refused') }}
{%- endmacro %}

{#
    A pull knows which tables may hold a no by the text of the staging models; what a macro or a variable names it cannot
    read there.
#}
{% macro _must_name_its_tables(name) -%}
    {%- for source in var('entities', {}).get(name, []) if execute -%}
        {%- set model = graph.nodes.values() | selectattr('name', 'equalto', 'stg_' ~ source ~ '__' ~ name) | first -%}
        {%- set nodes = [model] -%}
        {%- for id in _all_parents(nodes) if id in graph.sources and graph.sources[id].schema == 'raw' -%}
            {%- set table = graph.sources[id].identifier -%}
            {%- if table not in var('hold_a_no', []) -%}
                {{ exceptions.raise_compiler_error(
                    model.original_file_path ~ ": it reads raw." ~ table ~ " by way of a macro, a variable or another name of"
                    ~ " the source, so a pull cannot know that a no may be in it. Write {{ source('raw', '" ~ table
                    ~ "') }} into the model, if only in a comment of SQL, and pull again."
                ) }}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}

{# The ids of all that some staging models are made of; the list grows while it is gone through. #}
{% macro _all_parents(nodes) -%}
    {%- set ids = [] -%}
    {%- for node in nodes -%}
        {%- for id in node.depends_on.nodes if id not in ids -%}
            {%- do ids.append(id) -%}
            {%- if 'staging' in graph.nodes.get(id, {}).get('fqn', []) -%}
                {%- do nodes.append(graph.nodes[id]) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(ids) }}
{%- endmacro %}

{% macro _united(name, light) -%}
    {%- set columns = entity_columns(name) -%}
    {%- set sources = var('entities', {}).get(name, []) -%}
    {%- for source in sources %}
    select
        {%- set relation = ref('stg_' ~ source ~ '__' ~ name) %}
        {%- set present = staged_columns(relation, source, name, columns) %}
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

{#
    The SQL of one staging model, read in one of those lights; asked of the graph, so only when something is built. A
    model that reads other models and not raw alone cannot be read otherwise: its rows stand for all versions, and it
    has no refused ones.
#}
{% macro staging_in_light(model_name, light) -%}
    {%- if not execute -%}{{ return('select 1') }}{%- endif -%}
    {%- set node = graph.nodes.values() | selectattr('name', 'equalto', model_name) | first -%}
    {%- set raws = node.depends_on.nodes | select('in', graph.sources) | list -%}
    {%- set table = api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias) -%}
    {%- set staged = 'select * from ' ~ table -%}
    {%- if raws | length < node.depends_on.nodes | length -%}
        {{ return(staged ~ (' where 1 = 0' if 'refused' in light else '')) }}
    {%- endif -%}
    {%- set sql = render(node.raw_code) -%}
    {%- if 'any_day' in light -%}
        {#- the upper bound alone: what a model says of earlier days stays as it is -#}
        {%- set sql = sql | replace('<= ' ~ day(), "<= cast('9999-12-31' as date)") -%}
    {%- endif -%}
    {%- if light == 'any_day' -%}{{ return(sql) }}{%- endif -%}
    {%- set tables = [] -%}
    {%- for id in raws -%}
        {%- set raw = source(graph.sources[id].source_name, graph.sources[id].name) -%}
        {%- if load_relation(refused_twin(raw)) -%}{%- do tables.append(raw) -%}{%- endif -%}
    {%- endfor -%}
    {%- if light == 'versions' -%}{{ return(_every_version_with_mended(sql, tables)) }}{%- endif -%}
    {{ return(_refused_of_each(sql, tables, 'any_day' in light) if tables else staged ~ ' where 1 = 0') }}
{%- endmacro %}

{#
    A refused row that was put right is an earlier version of its row: what it said before is its past, as any row has
    one.
#}
{% macro _every_version_with_mended(sql, tables) -%}
    {%- set read = namespace(sql=every_version(sql), ctes=[]) -%}
    {%- for raw in tables -%}
        {%- set name = raw.identifier ~ '__with_mended' -%}
        {%- set read.sql = read.sql | replace(raw | string, name) -%}
        {%- do read.ctes.append(
            name ~ ' as (select ' ~ _columns_from(raw, raw) ~ ' from ' ~ raw
            ~ ' union all select ' ~ _columns_from(raw, refused_twin(raw))
            ~ ' from ' ~ refused_twin(raw) ~ ' where _mended_day <= ' ~ day() ~ ')'
        ) -%}
    {%- endfor -%}
    {%- if not tables -%}{{ return(read.sql) }}{%- endif -%}
    {{ return('with ' ~ read.ctes | join(', ') ~ ' select * from (' ~ read.sql ~ '\n) as versions') }}
{%- endmacro %}

{#
    One raw table at a time, for a model may join them; less what the model says of rows in order, for it may unite
    them.
#}
{% macro _refused_of_each(sql, tables, any_day) -%}
    {%- set read = namespace(ctes=[], parts=[]) -%}
    {%- set every = with_or_without_key(every_version(sql)) -%}
    {%- for raw in tables -%}
        {%- set name = raw.identifier ~ '__unmended' -%}
        {%- set still = '_mended_day is null' ~ ('' if any_day else ' or _mended_day > ' ~ day()) -%}
        {%- do read.ctes.append(
            name ~ ' as (select ' ~ _columns_from(raw, refused_twin(raw))
            ~ ' from ' ~ refused_twin(raw) ~ ' where ' ~ still ~ ')'
        ) -%}
        {%- do read.parts.append(
            '(select * from (' ~ (every | replace(raw | string, name)) ~ '\n) as refused_' ~ loop.index
            ~ ' except select * from (' ~ every ~ '\n) as in_order_' ~ loop.index ~ ')'
        ) -%}
    {%- endfor -%}
    {{ return('with ' ~ read.ctes | join(', ') ~ ' ' ~ read.parts | join(' union all ')) }}
{%- endmacro %}

{# The columns of a raw table, read from its twin, which has come to know fewer of those that nobody declared. #}
{% macro _columns_from(raw, twin) -%}
    {%- set present = adapter.get_columns_in_relation(twin) | map(attribute='name') | list -%}
    {%- set columns = [] -%}
    {%- for column in adapter.get_columns_in_relation(raw) -%}
        {%- set name = adapter.quote(column.name) -%}
        {%- set absent = 'cast(null as ' ~ column.data_type ~ ') as ' ~ name -%}
        {%- do columns.append(name if column.name in present else absent) -%}
    {%- endfor -%}
    {{ return(columns | join(', ')) }}
{%- endmacro %}

{#
    Where the rows of a raw table stay that were refused at the door; made where the table feeds a statement of consent.
#}
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
{% macro staged_columns(relation, source, entity, columns) -%}
    {%- if not execute -%}{{ return(columns.keys() | list) }}{%- endif -%}
    {%- set present = adapter.get_columns_in_relation(relation) | map(attribute='name') | map('lower') | list -%}
    {%- set own = staged_extras(source, entity) -%}
    {%- set foreign = extra_types(entity).keys() | reject('in', own) | list -%}
    {%- set known = columns.keys() | reject('in', foreign) | list -%}
    {%- set unknown = present | reject('in', known) | list -%}
    {%- set key = (columns.keys() | list)[0] -%}
    {%- if unknown -%}
        {{ exceptions.raise_compiler_error(
            relation.identifier ~ ": " ~ entity ~ " has no column " ~ unknown | join(', ')
            ~ ". Known columns: " ~ known | join(', ') ~ ". Declare one of your own under `extra:` in connectors/sources/"
            ~ source ~ ".yml."
        ) }}
    {%- endif -%}
    {%- for column in own if present and column not in present -%}
        {{ exceptions.raise_compiler_error(
            relation.identifier ~ " must give " ~ column ~ ", which " ~ own[column].place ~ " declares: write it into the"
            ~ " model, or `from:` there and {{ extra_columns('" ~ source ~ "', '" ~ entity ~ "') }} here."
        ) }}
    {%- endfor -%}
    {%- if present and (key not in present or '_day' not in present) -%}
        {{ exceptions.raise_compiler_error(
            relation.identifier ~ " must give " ~ key ~ " and _day; it gives " ~ present | join(', ') ~ "."
        ) }}
    {%- endif -%}
    {{ return(present) }}
{%- endmacro %}
