{#
    The rows of an entity with person_id: who they concern, as identity stands at D: of an identifier that passed from one
    human to another, whoever had it when the row happened. NULL where nobody is known.

    relation    the rows · entity  their entity
#}
{% macro with_person(relation, entity) -%}
    select
        {{ columns_of(entity, 'entity_rows') }},
        {{ person_then() }} as person_id
    from {{ relation }} as entity_rows
    {{ join_person('entity_rows.person_ref', local_day('entity_rows.' ~ instant_of(entity))) }}
{%- endmacro %}

{# The joins by which a reference becomes a person on the day of a fact; `person_then()` is whose it is. #}
{% macro join_person(reference, fact_day) -%}
    left join {{ source('identity', 'person_identifiers') }} as identifiers
        on {{ reference }} = identifiers.identifier
    left join {{ source('identity', 'identifier_validity') }} as holders
        on
            {{ reference }} = holders.identifier
            and (holders.from_day is null or {{ fact_day }} >= holders.from_day)
            and {{ fact_day }} < holders.until_day
{%- endmacro %}

{% macro person_then() -%}
    coalesce(holders.person_id, identifiers.person_id)
{%- endmacro %}

{# When a row of an entity happened. #}
{% macro instant_of(entity) -%}
    {{ return({
        'orders': 'ordered_at', 'consents': 'occurred_at', 'deals': 'created_at', 'subscriptions': 'started_at',
        'tickets': 'created_at', 'survey_answers': 'answered_at', 'registrations': 'registered_at',
        'social_posts': 'posted_at',
    }[entity]) }}
{%- endmacro %}
