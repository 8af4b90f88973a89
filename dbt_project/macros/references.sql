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

{#
    Ids that one human has wherever they appear (a national number, a membership), as one text: what the column
    strong_ids of people holds. `numbers`: namespace -> column; the __normalised twin of one that its source file
    declares as `identifier: id`.
#}
{% macro strong_ids(numbers) -%}
    {%- if numbers | length > most_strong_ids() -%}
        {{ exceptions.raise_compiler_error(
            "strong_ids takes at most " ~ most_strong_ids() ~ " namespaces of one record: " ~ numbers.keys() | join(', ')
        ) }}
    {%- endif -%}
    nullif(concat_ws(' '{% for namespace, column in numbers.items() %},
            'id:{{ namespace }}:' || nullif(replace({{ column }}, ' ', ''), ''){% endfor %}), '')
{%- endmacro %}

{% macro most_strong_ids() -%} {{ return(3) }} {%- endmacro %}

{# The n-th of a record's strong ids, from 1; NULL where it has fewer. #}
{% macro strong_id(record, place) -%}
    nullif({{ dbt.split_part(record ~ '.strong_ids', "' '", place) }}, '')
{%- endmacro %}

{# The identifiers of one record of the entity `people`, as expressions. #}
{% macro record_identifiers(record) -%}
    {%- set identifiers = [
        record ~ '.person_ref',
        email_ref(record ~ '.email'),
        phone_ref(record ~ '.phone'),
        id_ref('loyalty', record ~ '.loyalty_card'),
    ] -%}
    {%- for place in range(1, most_strong_ids() + 1) -%}
        {%- do identifiers.append(strong_id(record, place)) -%}
    {%- endfor -%}
    {{ return(identifiers) }}
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
    {%- set relation = table_named('raw', 'respelt_identifiers') -%}
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
