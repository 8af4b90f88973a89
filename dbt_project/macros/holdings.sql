{#
    What each record of a person has held, over all its versions, as CTEs: versions, held, held_by_records, dropped (the
    day on which a record was first seen without it), taken (of what one has dropped and another holds today: since when).

    records     a CTE of today's records
#}
{% macro holdings(records) -%}
versions as (
    select * from {{ ref('int_people__versions') }}
),

held as (
    select * from {{ ref('int_people__held') }}
),

held_by_records as (
    select
        record_id,
        identifier,
        min(_day) as first_day,
        max(_day) as last_day
    from held
    group by record_id, identifier
),

-- the day on which a record was first seen without it
dropped as (
    select
        held_by_records.record_id,
        held_by_records.identifier,
        min(versions._day) as until_day
    from held_by_records
    inner join versions
        on held_by_records.record_id = versions.record_id and held_by_records.last_day < versions._day
    group by held_by_records.record_id, held_by_records.identifier
),

-- what was given up by one, and is held today
holding as (
    {%- for identifier in record_identifiers(records) %}
    select record_id, {{ identifier }} as identifier from {{ records }}
    where {{ identifier }} in (select identifier from dropped)
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

-- the last day on which a record was seen without what it holds today
without as (
    select
        holding.record_id,
        holding.identifier,
        max(versions._day) as last_day
    from holding
    inner join versions on holding.record_id = versions.record_id
    left join held
        on versions.record_id = held.record_id and versions._day = held._day and holding.identifier = held.identifier
    where held.record_id is null
    group by holding.record_id, holding.identifier
),

-- the day on which it took it
taken as (
    select
        holding.record_id,
        holding.identifier,
        min(held._day) as since_day
    from holding
    inner join held on holding.record_id = held.record_id and holding.identifier = held.identifier
    left join without on holding.record_id = without.record_id and holding.identifier = without.identifier
    where without.last_day is null or held._day > without.last_day
    group by holding.record_id, holding.identifier
)
{%- endmacro %}
