{#
    The rows of an entity with person_id: who they concern, as identity stands at D. NULL where nobody is known.

    relation    the rows · entity  their entity
#}
{% macro with_person(relation, entity) -%}
    select
        {{ columns_of(entity, 'entity_rows') }},
        identifiers.person_id
    from {{ relation }} as entity_rows
    left join {{ source('identity', 'person_identifiers') }} as identifiers
        on entity_rows.person_ref = identifiers.identifier
{%- endmacro %}
