-- noqa: disable=LT02,LT05
-- Every record of somebody, in the orders that people/golden_record.yml declares: 1 is the record whose value the
-- profile takes. One row a record.
{{ config(materialized='table') }}
{%- set addresses = [] %}
{%- set flags = [] %}
{%- for unit in golden_units() if unit.name in ['email', 'phone'] %}{% do addresses.append(unit.name) %}{% endfor %}

with records as (
    select
        matched.person_id,
        people.*,
        -- a time later than the day on which the record came is no time
        case
            when coalesce(people.updated_at, people.created_at) is not null
                then least(coalesce(people.updated_at, people.created_at), {{ end_of('people._day') }})
        end as said_at,
        case people.lifecycle when 'customer' then 1 when 'lead' then 2 else 3 end as lifecycle_place,
        {{ tie_break('people.record_id') }} as record_hash
    from {{ ref('int_people__cleaned') }} as people
    inner join {{ ref('int_people__matched') }} as matched on people.record_id = matched.record_id
),

weighed as (
    select
        records.*,
        {{ filled_of(golden_fields() | map(attribute=0)) if golden_fields() else 0 }} as record__filled
        {%- for name in addresses %},
        coalesce({{ name }}_verified.is_verified, false) as {{ name }}__is_verified,
        coalesce({{ name }}_verified.is_dead, false) as {{ name }}__is_dead
        {%- endfor %}
        {%- for unit in golden_units() %}{{ counted_for(unit) }}{% endfor %}
    from records
    {%- for name in addresses %}
    left join {{ ref('int_people__verified') }} as {{ name }}_verified
        on {{ email_ref('records.email') if name == 'email' else phone_ref('records.phone') }}
            = {{ name }}_verified.identifier
    {%- endfor %}
),

-- whose records have to be put in order: who has one record is most people, and putting in order is dear
several as (
    select person_id
    from records
    group by person_id
    having count(*) > 1
),

final as (
    select
        weighed.*
        {%- for places in golden_units() | groupby('place') %},
        cast(1 as {{ type_of('integer') }}) as {{ places.grouper }}
        {%- endfor %}
    from weighed
    left join several on weighed.person_id = several.person_id
    where several.person_id is null
    union all
    select
        weighed.*
        {%- for places in golden_units() | groupby('place') %}{% set unit = places.list[0] %},
        row_number() over (
            partition by weighed.person_id
            order by {{ golden_order(unit) }}
        ) as {{ unit.place }}
        {%- endfor %}
    from weighed
    inner join several on weighed.person_id = several.person_id
)

select * from final
