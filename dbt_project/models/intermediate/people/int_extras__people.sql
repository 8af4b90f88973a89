-- What extra columns and own events say of everybody, as of D. One row a person; no further columns where no source
-- declares any.
{%- set columns = person_extras() | rejectattr('entity', 'equalto', 'people') | list %}
{{ config(materialized='table' if columns else 'view') }}

with days as (
    select
        person_id,
        {{ day() }} as as_of_day
    from {{ source('identity', 'people') }}
),

{{ extras_by_person('days', columns) }}

select * from final
