{#
    Lists inside a JSON text column: one row an item, behind a table of the from clause. Where there is no list there is
    no row. `from orders {{ each_item('orders.line_items', 'item') }}` has `item`, read by json_text('item', ['id']).
#}
{% macro each_item(column, name) -%}
    {{ return(adapter.dispatch('each_item')(column, name)) }}
{%- endmacro %}

{% macro duckdb__each_item(column, name) -%}
    cross join unnest(json_extract({{ column }}, '$[*]')) as each_{{ name }} ({{ name }})
{%- endmacro %}

{% macro postgres__each_item(column, name) -%}
    {%- set list = 'cast(' ~ column ~ ' as jsonb)' -%}
    cross join lateral jsonb_array_elements(
        case when jsonb_typeof({{ list }}) = 'array' then {{ list }} end
    ) as each_{{ name }} ({{ name }})
{%- endmacro %}

{# What stands at a path, as JSON: for a list in an item. #}
{% macro json_part(column, path) -%}
    {{ return(adapter.dispatch('json_part')(column, path)) }}
{%- endmacro %}

{% macro duckdb__json_part(column, path) -%}
    json_extract({{ column }}, '$.{{ path | join(".") }}')
{%- endmacro %}

{% macro postgres__json_part(column, path) -%}
    (cast({{ column }} as jsonb) #> '{{ "{" ~ path | join(",") ~ "}" }}')
{%- endmacro %}

{# A number in a JSON text; money() makes money of it. #}
{% macro json_number(column, path) -%}
    cast({{ json_text(column, path) }} as {{ type_of('double') }})
{%- endmacro %}

{# An instant with its offset, as JSON writes it, in UTC. #}
{% macro json_instant(column, path) -%}
    (cast({{ json_text(column, path) }} as timestamp with time zone) at time zone 'UTC')
{%- endmacro %}

{# An instant of whole seconds since 1970, in a JSON text. #}
{% macro json_epoch(column, path) -%}
    cast(
        {{ dbt.dateadd('second', 'cast(' ~ json_text(column, path) ~ ' as bigint)', "cast('1970-01-01' as timestamp)") }}
        as {{ type_of('timestamp') }}
    )
{%- endmacro %}

{#
    Money in the smallest unit of its currency, as payment services count it. Of most currencies that is a hundredth, of
    some there is none, of some it is a thousandth.
    Source: https://docs.stripe.com/currencies#zero-decimal (UGX and ISK are counted in hundredths there).
#}
{% macro minor_units(amount, currency) -%}
    {%- set whole = ['bif', 'clp', 'djf', 'gnf', 'jpy', 'kmf', 'krw', 'mga', 'pyg', 'rwf', 'vnd', 'vuv', 'xaf', 'xof', 'xpf'] -%}
    {%- set thousandths = ['bhd', 'jod', 'kwd', 'omr', 'tnd'] -%}
    {{ money(
        amount ~ ' / case when lower(' ~ currency ~ ") in ('" ~ whole | join("', '") ~ "') then 1.0 when lower("
        ~ currency ~ ") in ('" ~ thousandths | join("', '") ~ "') then 1000.0 else 100.0 end"
    ) }}
{%- endmacro %}
