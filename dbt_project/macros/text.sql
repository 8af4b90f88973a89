{# A trimmed text, NULL when nothing is left of it. #}
{% macro clean(column) -%}
    nullif(trim({{ column }}), '')
{%- endmacro %}

{# The text at a path in a JSON text column: json_text('traits', ['address', 'city']). #}
{% macro json_text(column, path) -%}
    {{ return(adapter.dispatch('json_text')(column, path)) }}
{%- endmacro %}

{% macro duckdb__json_text(column, path) -%}
    json_extract_string({{ column }}, '$.{{ path | join(".") }}')
{%- endmacro %}

{% macro postgres__json_text(column, path) -%}
    (cast({{ column }} as jsonb) #>> '{{ "{" ~ path | join(",") ~ "}" }}')
{%- endmacro %}

{% macro spark__json_text(column, path) -%}
    get_json_object({{ column }}, '$.{{ path | join(".") }}')
{%- endmacro %}

{# A number that is the same for the same text everywhere: breaks ties where collations would differ. #}
{% macro tie_break(column) -%}
    {{ dbt.hash(column) }}
{%- endmacro %}
