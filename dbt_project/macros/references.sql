{#
    References: one qualified identifier for a human, a company or a thing. NULL parts give NULL.
    email:ann@example.com · phone:+44… · id:shop:4711 · device:abc · handle:mastodon:@ann
#}
{% macro email_ref(column) -%} 'email:' || {{ column }} {%- endmacro %}
{% macro phone_ref(column) -%} 'phone:' || {{ column }} {%- endmacro %}
{% macro device_ref(column) -%} 'device:' || {{ clean(column) }} {%- endmacro %}
{% macro id_ref(namespace, column) -%} 'id:{{ namespace }}:' || {{ clean(column) }} {%- endmacro %}
{% macro handle_ref(network, handle) -%}
    'handle:' || lower({{ clean(network) }}) || ':' || lower({{ clean(handle) }})
{%- endmacro %}

{# A native key qualified by its source, with an optional kind between: sample_shop:return:R1. #}
{% macro native_key(source, column, kind=none) -%}
    '{{ source }}:{{ kind ~ ":" if kind else "" }}' || {{ clean(column) }}
{%- endmacro %}

{# The identifiers of one record of the entity `people`, as expressions. #}
{% macro record_identifiers(record) -%}
    {{ return([
        record ~ '.person_ref',
        email_ref(record ~ '.email'),
        phone_ref(record ~ '.phone'),
        id_ref('loyalty', record ~ '.loyalty_card'),
    ]) }}
{%- endmacro %}

{# The one by which a record's person is looked up. #}
{% macro record_ref(record) -%}
    coalesce({{ record }}.person_ref, {{ email_ref(record ~ '.email') }}, {{ phone_ref(record ~ '.phone') }})
{%- endmacro %}

{#
    (former, current_form) of every address and number that a later reading has spelt otherwise, however often; a
    warehouse that no pull has touched yet has no such table.
#}
{% macro respelt_identifiers() -%}
    {%- set relation = api.Relation.create(
        database=target.database, schema='raw', identifier='respelt_identifiers'
    ) -%}
    {%- if execute and load_relation(relation) %}
    select distinct former, current_identifier as current_form from {{ relation }}
    union
    select earlier.former, later.current_identifier as current_form
    from {{ relation }} as earlier
    inner join {{ relation }} as later on earlier.current_identifier = later.former
    {%- else %}
    select
        cast(null as {{ type_of('text') }}) as former,
        cast(null as {{ type_of('text') }}) as current_form
    where 1 = 0
    {%- endif %}
{%- endmacro %}
