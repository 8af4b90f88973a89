{#
    The items of a JSON list, one row each, beside the columns of the row that holds it:

        select {{ json_text('item', ['timestamp']) }} from raw_rows {{ json_items('activity') }}

    A list that is NULL, or no list, gives no rows. `item` is the item, `item_number` counts from 1.
#}
{% macro json_items(column) -%}
    {{ return(adapter.dispatch('json_items')(column)) }}
{%- endmacro %}

{% macro duckdb__json_items(column) -%}
    cross join unnest(
        case when json_type({{ column }}) = 'ARRAY' then json_extract({{ column }}, '$[*]') end
    ) with ordinality as items(item, item_number)
{%- endmacro %}

{% macro postgres__json_items(column) -%}
    cross join lateral jsonb_array_elements(
        case when jsonb_typeof(cast({{ column }} as jsonb)) = 'array' then cast({{ column }} as jsonb) end
    ) with ordinality as items(item, item_number)
{%- endmacro %}

{% macro spark__json_items(column) -%}
    lateral view posexplode(from_json({{ column }}, 'array<string>')) items as item_number, item
{%- endmacro %}

{# A text of ISO 8601 with an offset as an instant in UTC; NULL for a text of another shape. #}
{% macro instant_of(column) -%}
    {%- set shape = '^[0-9]{4}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-5][0-9]:[0-5][0-9]([.][0-9]+)?(Z|[+-][0-9:]+)$' -%}
    (cast(case when {{ without(shape, column) }} = '' then {{ column }} end as timestamp with time zone)
        at time zone 'UTC')
{%- endmacro %}
