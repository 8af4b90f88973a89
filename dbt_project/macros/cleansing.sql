{# What cleansing reads of a record, and a digest of it: a record that has changed since is not taken for cleaned. #}
{% macro stated_columns() -%}
    {{ return([
        'first_name', 'last_name', 'company', 'birth_date', 'email', 'phone', 'street', 'city', 'postal_code', 'region',
        'country', 'language', 'time_zone',
    ]) }}
{%- endmacro %}

{# What cleansing writes. E-mail and phone are identifiers: they are judged, and stay as they are. #}
{% macro cleansed_columns() -%}
    {{ return(stated_columns() | reject('in', ['email', 'phone']) | list) }}
{%- endmacro %}

{% macro stated_key(alias) -%}
    {%- set parts = [] -%}
    {%- for column in stated_columns() -%}
        {%- do parts.append("coalesce(cast(" ~ alias ~ "." ~ column ~ " as " ~ type_of('text') ~ "), '')") -%}
    {%- endfor -%}
    {{ dbt.hash(parts | join(" || '|' || ")) }}
{%- endmacro %}

{# Whether a source only adds to what people say of themselves (`enrichment` in its file): it never outranks them. #}
{% macro is_enriched(column) -%}
    {%- set sources = var('enrichment_sources', []) -%}
    {%- if sources -%} {{ column }} in ('{{ sources | join("', '") }}')
    {%- else -%} false
    {%- endif -%}
{%- endmacro %}

{# Whether every source that asks by a model has another lawful basis than consent. #}
{% macro asks_without_consent(ask) -%}
    {{ return('false' if ask in var('asks_by_consent', []) else 'true') }}
{%- endmacro %}
