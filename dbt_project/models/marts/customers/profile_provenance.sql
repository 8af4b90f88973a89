-- noqa: disable=LT02,LT05
-- Where each value of the golden record comes from: record, source, time and rule. A view, for it says nothing that
-- int_people__ranked and int_people__survivors do not hold. Grain (person_id, field); no row where there is no value.
{{ config(materialized='view') }}

with ranked as (
    select * from {{ ref('int_people__ranked') }}
),

survivors as (
    select * from {{ ref('int_people__survivors') }}
),

golden as (
    select * from {{ ref('int_people__golden') }}
),

identifiers as (
    select * from {{ source('identity', 'person_identifiers') }}
),

overrides as (
    select * from {{ ref('int_people__overrides') }}
),

others as (
    select
        person_id,
        field,
        count(distinct {{ compared('value') }}) as other_values
    from {{ ref('profile_conflicts') }}
    group by person_id, field
),

of_records as (
    {%- for field, unit in golden_fields() %}
    select
        survivors.person_id,
        '{{ field }}' as field,
        cast(survivors.{{ field }} as {{ type_of('text') }}) as value,
        ranked._source as source,
        ranked.record_id,
        ranked.said_at,
        case
            when survivors.{{ field }}__candidates = 1 then 'only value' else '{{ unit.rules | join(', ') }}'
        end as rule,
        survivors.{{ field }}__candidates as candidates
    from survivors
    inner join ranked
        on
            survivors.person_id = ranked.person_id
            and survivors.{{ unit.name }}__place = ranked.{{ unit.place }}
    where survivors.{{ field }} is not null
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

-- an address of no record, known from an order, a consent or a message
of_identifiers as (
    {%- for field, reference in [('email', email_ref('golden.email')), ('phone', phone_ref('golden.phone'))] %}
    select
        golden.person_id,
        '{{ field }}' as field,
        golden.{{ field }} as value,
        {{ as_instant('identifiers.first_seen_day') }} as said_at
    from golden
    inner join identifiers on {{ reference }} = identifiers.identifier and golden.person_id = identifiers.person_id
    left join survivors on golden.person_id = survivors.person_id
    where golden.{{ field }} is distinct from survivors.{{ field }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

final as (
    select
        of_records.person_id,
        cast(of_records.field as {{ type_of('text') }}) as field,
        of_records.value,
        of_records.source,
        of_records.record_id,
        of_records.said_at,
        of_records.rule,
        of_records.candidates,
        1 + coalesce(others.other_values, 0) as distinct_values
    from of_records
    left join others on of_records.person_id = others.person_id and of_records.field = others.field
    left join overrides on of_records.person_id = overrides.person_id and of_records.field = overrides.field
    left join of_identifiers
        on of_records.person_id = of_identifiers.person_id and of_records.field = of_identifiers.field
    where overrides.person_id is null and of_identifiers.person_id is null
    union all
    select
        of_identifiers.person_id,
        of_identifiers.field,
        of_identifiers.value,
        cast(null as {{ type_of('text') }}),
        cast(null as {{ type_of('text') }}),
        of_identifiers.said_at,
        'identifier',
        1,
        1
    from of_identifiers
    left join overrides on of_identifiers.person_id = overrides.person_id and of_identifiers.field = overrides.field
    where overrides.person_id is null
    union all
    select
        overrides.person_id,
        overrides.field,
        overrides.value,
        'steward',
        overrides.record_id,
        overrides.decided_at,
        'override',
        coalesce(of_records.candidates, 0),
        coalesce(others.other_values, 0) + case when of_records.person_id is null then 0 else 1 end
    from overrides
    left join of_records on overrides.person_id = of_records.person_id and overrides.field = of_records.field
    left join others on overrides.person_id = others.person_id and overrides.field = others.field
)

select * from final
