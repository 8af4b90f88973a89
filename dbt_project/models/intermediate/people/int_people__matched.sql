-- Whose each record of a person is, as `fairlead resolve` decided; of a record that came since, by the first of its
-- identifiers that identity knows.
{{ config(materialized='table') }}

with records as (
    select * from {{ ref('int_people__unioned') }}
),

record_people as (
    select * from {{ source('identity', 'record_people') }}
),

identifiers as (
    select * from {{ source('identity', 'person_identifiers') }}
),

looked_up as (
    select
        records.record_id,
        coalesce(record_people.person_id, identifiers.person_id) as person_id
    from records
    left join record_people on records.record_id = record_people.record_id
    left join identifiers on {{ record_ref('records') }} = identifiers.identifier
),

-- the few whose first one is nobody's
others as (
    {%- for identifier in record_identifiers('records') %}
    select
        records.record_id,
        {{ identifier }} as identifier,
        {{ loop.index }} as place
    from records
    inner join looked_up on records.record_id = looked_up.record_id and looked_up.person_id is null
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

placed as (
    select
        others.record_id,
        identifiers.person_id,
        row_number() over (partition by others.record_id order by others.place) as known_first
    from others
    inner join identifiers on others.identifier = identifiers.identifier
),

final as (
    select
        record_id,
        person_id
    from looked_up
    where person_id is not null
    union all
    select
        record_id,
        person_id
    from placed
    where known_first = 1
)

select * from final
