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

{# A text that is no list is a list of one to `from_json`. #}
{% macro spark__each_item(column, name) -%}
    lateral view explode(
        case when {{ column }} like '[%' then from_json({{ column }}, 'array<string>') end
    ) each_{{ name }} as {{ name }}
{%- endmacro %}

{# What stands at a path, as JSON: for a list in an item. #}
{% macro json_part(column, path) -%}
    {{ return(adapter.dispatch('json_part')(column, path)) }}
{%- endmacro %}

{% macro duckdb__json_part(column, path) -%}
    json_extract({{ column }}, '${{ _json_steps(path) }}')
{%- endmacro %}

{% macro postgres__json_part(column, path) -%}
    (cast({{ column }} as jsonb) #> '{{ _json_array(path) }}')
{%- endmacro %}

{% macro spark__json_part(column, path) -%} {{ json_text(column, path) }} {%- endmacro %}

{# A number in a JSON text; money() makes money of it. #}
{% macro json_number(column, path) -%}
    cast({{ json_text(column, path) }} as {{ type_of('double') }})
{%- endmacro %}

{#
    What a JSON text holds, NULL where it is none of it: a whole number, an amount, an instant with or without an offset, a
    day, yes or no. What lands is typed by its source file; what stands in a list is typed here.
#}
{% macro json_whole(column, path) -%}
    {%- set text = _json_filled(column, path) -%}
    case
        when {{ without('^[+-]?[0-9]{1,18}([.]0*)?$', text) }} = ''
            then cast({{ dbt.split_part(text, "'.'", 1) }} as {{ type_of('integer') }})
    end
{%- endmacro %}

{% macro json_amount(column, path) -%}
    {%- set text = "replace(" ~ _json_filled(column, path) ~ ", ',', '.')" -%}
    case
        when {{ without('^[+-]?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]{1,2})?$', text) }} = ''
            then cast({{ text }} as {{ type_of('double') }})
    end
{%- endmacro %}

{% macro json_moment(column, path) -%}
    {%- set text = _json_filled(column, path) -%}
    {%- set clock = '[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?' -%}
    case
        when not coalesce({{ _is_day(text) }}, false) then null
        when {{ without('^.{10}' ~ clock ~ '$', text) }} = '' then cast({{ text }} as {{ type_of('timestamp') }})
        when {{ without('^.{10}' ~ clock ~ '(Z|[+-](0[0-9]|1[0-4]):?[0-5][0-9])$', text) }} = ''
            then {{ instant_of_text(text) }}
    end
{%- endmacro %}

{% macro json_date(column, path) -%}
    {%- set text = _json_filled(column, path) -%}
    case when length({{ text }}) = 10 and {{ _is_day(text) }} then cast({{ text }} as {{ type_of('date') }}) end
{%- endmacro %}

{# Whether a text begins with a day that the calendar has: one that it has not would end the whole model. #}
{% macro _is_day(text) -%}
    case
        when {{ without('^[1-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])', text) }} = substr({{ text }}, 11)
            then substr({{ text }}, 9, 2) <= case
                when substr({{ text }}, 6, 2) in ('04', '06', '09', '11') then '30'
                when substr({{ text }}, 6, 2) <> '02' then '31'
                when {{ _is_leap_year(text) }} then '29'
                else '28'
            end
    end
{%- endmacro %}

{% macro _is_leap_year(text) -%}
    (
        cast(substr({{ text }}, 1, 4) as {{ type_of('integer') }}) % 4 = 0
        and (
            cast(substr({{ text }}, 1, 4) as {{ type_of('integer') }}) % 100 <> 0
            or cast(substr({{ text }}, 1, 4) as {{ type_of('integer') }}) % 400 = 0
        )
    )
{%- endmacro %}

{# The text at a path; of an empty one, which no pattern leaves anything of, NULL. #}
{% macro _json_filled(column, path) -%}
    nullif({{ json_text(column, path) }}, '')
{%- endmacro %}

{% macro json_flag(column, path) -%}
    case
        when lower({{ json_text(column, path) }}) in ('true', 't', 'yes', 'y', '1') then true
        when lower({{ json_text(column, path) }}) in ('false', 'f', 'no', 'n', '0') then false
    end
{%- endmacro %}

{# An instant with its offset, as JSON writes it, in UTC. #}
{% macro json_instant(column, path) -%}
    {{ instant_of_text(json_text(column, path)) }}
{%- endmacro %}

{# An instant of whole seconds since 1970, in a JSON text. #}
{% macro json_epoch(column, path) -%}
    cast(
        {{ seconds_after("cast('1970-01-01' as timestamp)", 'cast(' ~ json_text(column, path) ~ ' as bigint)') }}
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
