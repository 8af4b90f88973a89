{#
    Extra columns and own events: what a company declares under `extra` and `events` in connectors/sources/<source>.yml
    (docs/how_to/add_a_column.md). core/extras/ checks them and passes them as the variable `extras`.
#}

{# Column -> type of the extra columns of one entity, of all sources. #}
{% macro extra_types(entity) -%}
    {{ return(var('extras', {}).get('columns', {}).get(entity, {})) }}
{%- endmacro %}

{# Column -> {from, place}: what one source's staging model of the entity must give. #}
{% macro staged_extras(source_name, entity) -%}
    {{ return(var('extras', {}).get('staged', {}).get(source_name, {}).get(entity, {})) }}
{%- endmacro %}

{# The columns of profiles that extra columns and own events make, or those of features__person. #}
{% macro person_extras(features=false) -%}
    {%- set columns = var('extras', {}).get('person', []) -%}
    {{ return((columns | selectattr('is_feature') if features else columns) | list) }}
{%- endmacro %}

{#
    In a staging model's select list: the source's extra columns of this entity that name a raw column by `from`, each
    with a comma behind it. Nothing where it declares none.
#}
{% macro extra_columns(source_name, entity, empty=false) -%}
    {%- for column, declared in staged_extras(source_name, entity).items() if declared['from'] -%}
        {%- set type = extra_types(entity)[column] -%}
        {%- if empty -%} cast(null as {{ type_of(type) }})
        {%- elif type == 'text' -%} {{ clean('cast(' ~ declared['from'] ~ ' as ' ~ type_of('text') ~ ')') }}
        {%- elif type == 'money' -%} {{ money(declared['from']) }}
        {%- else -%} cast({{ declared['from'] }} as {{ type_of(type) }})
        {%- endif %} as {{ column }},
    {% endfor -%}
{%- endmacro %}

{#
    pre_hook: the model's contract grows by the declared columns, with their types. dbt takes no list of columns from a
    macro; it reads `model.columns` when the table is made, after the hooks.
#}
{% macro grow_contract() -%}
    {%- if execute -%}
        {%- set types = {} -%}
        {%- if model.name == 'features__person' -%}
            {%- for column in person_extras(true) -%}{%- do types.update({column.name: 'double'}) -%}{%- endfor -%}
        {%- elif model.name == 'int_people__profiled' -%}
            {%- for column in person_extras() -%}{%- do types.update({column.name: column.type}) -%}{%- endfor -%}
        {%- else -%}
            {%- do types.update(extra_types(model.name)) -%}
        {%- endif -%}
        {%- for name, type in types.items() -%}
            {%- do model.columns.update({name: {'name': name, 'data_type': type_of(type), 'constraints': []}}) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{# A value of a person's as a feature: a double, a yes 1 and a no 0. #}
{% macro as_feature(column, type) -%}
    {%- if type == 'boolean' -%} cast(case when {{ column }} then 1 when not {{ column }} then 0 end as {{ type_of('double') }})
    {%- else -%} cast({{ column }} as {{ type_of('double') }})
    {%- endif -%}
{%- endmacro %}

{# A text, a number, or nothing, as SQL writes it. #}
{% macro literal(value) -%}
    {%- if value is none or value is undefined -%} null
    {%- elif value is string -%} {{ adapter.dispatch('quoted')(value) }}
    {%- else -%} {{ value }}
    {%- endif -%}
{%- endmacro %}

{% macro default__quoted(text) -%} '{{ text | replace("'", "''") }}' {%- endmacro %}

{# two quotes side by side are the end of one text and the beginning of the next #}
{% macro spark__quoted(text) -%} '{{ text | replace("\\", "\\\\") | replace("'", "\\'") }}' {%- endmacro %}
