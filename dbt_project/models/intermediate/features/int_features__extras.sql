-- What extra columns and own events said of each person by each as_of_day. Grain (person_id, as_of_day).
{%- set columns = person_extras(true) %}
{{ config(materialized='table' if columns else 'view') }}

with days as (
    select * from {{ ref('int_features__rows') }}
),

{{ extras_by_person('days', columns) }}

select * from final
