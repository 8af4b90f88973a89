-- noqa: disable=LT02,LT05
-- What a person's records say of them, one value a field: of each unit (a field, or fields that stay together) the
-- record that comes first by its rules. One row a person with a record.
{{ config(materialized='table') }}

with ranked as (
    select * from {{ ref('int_people__ranked') }}
),

final as (
    select
        person_id,
        count(*) as records,
        max(4 - lifecycle_place) as lifecycle_rank,
        min(created_at) as created_at,
        min(case when lifecycle = 'lead' then created_at end) as lead_created_at
        {%- for unit in golden_units() %},
        min(case when {{ takes_part(unit) }} then {{ unit.place }} end) as {{ unit.name }}__place
        {%- for column in unit.columns %},
        count({{ column }}) as {{ column }}__candidates,
        cast({{ surviving_text(unit, column) }} as {{ type_of(entity_columns('people')[column]) }}) as {{ column }}
        {%- endfor %}
        {%- endfor %}
    from ranked
    group by person_id
)

select * from final
