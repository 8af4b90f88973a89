-- noqa: disable=LT05
-- Where a record of somebody says otherwise than the one whose value the golden record takes. Case and white space
-- around a value tell nothing apart. Grain (person_id, field, record_id).
with ranked as (
    select * from {{ ref('int_people__ranked') }}
),

survivors as (
    select * from {{ ref('int_people__survivors') }}
    where records > 1
),

overrides as (
    select * from {{ ref('int_people__overrides') }}
),

differing as (
    {%- for field, unit in golden_fields() %}
    select
        ranked.person_id,
        '{{ field }}' as field,
        ranked.record_id,
        ranked._source as source,
        ranked.said_at,
        cast(ranked.{{ field }} as {{ type_of('text') }}) as value,
        cast(survivors.{{ field }} as {{ type_of('text') }}) as surviving_value
    from ranked
    inner join survivors on ranked.person_id = survivors.person_id
    where {{ compared('ranked.' ~ field) }} <> {{ compared('survivors.' ~ field) }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

final as (
    select
        differing.person_id,
        cast(differing.field as {{ type_of('text') }}) as field,
        differing.record_id,
        differing.source,
        differing.said_at,
        differing.value,
        differing.surviving_value,
        overrides.person_id is not null as is_overridden
    from differing
    left join overrides on differing.person_id = overrides.person_id and differing.field = overrides.field
)

select * from final
