-- noqa: disable=LT02,LT05
-- What every source's rows are like at the end of D: one row a source, entity, field and measure. `good` of `judged`
-- rows pass; of `staleness` value counts days.
{{ config(materialized='table') }}
{%- set recent = ['events', 'messages'] %}

with
{%- for entity, instant in quality_entities().items() %}
{%- set relation = ref('int_people__cleaned') if entity == 'people'
    else ref('int_' ~ entity ~ ('__distinct' if entity in recent else '__unioned')) %}
{%- set conditions = quality_conditions(entity) %}
{{ entity }}_judged as (
    select
        rows_in.*,
        {%- for field, measure, condition in conditions %}
        {{ condition }} as passes_{{ loop.index }},
        {%- endfor %}
        {%- if instant %}
        case when {{ instant }} is not null then _day <= {{ days_after(local_day(instant), 1) }} end as is_prompt
        {%- else %}
        cast(null as boolean) as is_prompt
        {%- endif %}
    from {{ relation }} as rows_in
    {%- for field, (named, column) in quality_references(entity).items() %}
    left join (
        select distinct {{ column }} as {{ field }}__known
        from {{ named }}
    ) as named_{{ loop.index }} on rows_in.{{ field }} = named_{{ loop.index }}.{{ field }}__known
    {%- endfor %}
    where _day <= {{ day() }}{% if entity in recent %} and _day > {{ days_before(28) }}{% endif %}
),

{{ entity }}_counted as (
    select
        _source as source,
        count(*) as row_count,
        max(_day) as newest_day,
        count(case when _day > {{ days_before(28) }} then is_prompt end) as dated,
        count(case when _day > {{ days_before(28) }} and is_prompt then 1 end) as prompt
        {%- for field in quality_fields(entity) %},
        count({{ field }}) as filled_{{ loop.index }}
        {%- endfor %}
        {%- for field in quality_unique(entity) %},
        count({{ field }}) as held_{{ loop.index }},
        count(distinct {{ field }}) as distinct_{{ loop.index }}
        {%- endfor %}
        {%- for _ in conditions %},
        count(passes_{{ loop.index }}) as judged_{{ loop.index }},
        count(case when passes_{{ loop.index }} then 1 end) as good_{{ loop.index }}
        {%- endfor %}
    from {{ entity }}_judged
    group by _source
),
{% endfor %}
-- what cleansing emptied or doubts, of what a source said
doubted as (
    select
        records._source as source,
        findings.column_name as field,
        count(distinct findings.record_id) as wrong
    from {{ source('identity', 'cleansing_findings') }} as findings
    inner join {{ ref('int_people__cleaned') }} as records on findings.record_id = records.record_id
    where
        findings.stated is not null
        and (
            findings.effect in ('emptied', 'suggested')
            or findings.flag in ('invalid', 'placeholder', 'disposable', 'frequent', 'day_month', 'maybe_placeholder')
        )
    group by records._source, findings.column_name
),

stated as (
    {%- for column in stated_columns() %}
    select source, '{{ column }}' as field, count({{ column }}) as judged
    from {{ ref('int_people__stated') }}
    group by source
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

-- a number whose country is not that of the address
strange as (
    select
        records._source as source,
        count(records.phone) as judged,
        count(records.phone) - count(findings.record_id) as good
    from {{ ref('int_people__cleaned') }} as records
    left join {{ source('identity', 'cleansing_findings') }} as findings
        on records.record_id = findings.record_id and findings.flag = 'other_country'
    where records.country is not null
    group by records._source
),

-- addresses and numbers that are none, of the rows of the last 28 days
unusable as (
    {%- for relation, column in raw_identifiers() %}
    select
        _source as source,
        'raw' as entity,
        '{{ relation.identifier.split('__', 1)[1] }}.{{ column }}' as field,
        count({{ adapter.quote(column) }}) as judged,
        count({{ adapter.quote(column ~ '__normalised') }}) as good
    from {{ relation }}
    where _day <= {{ day() }} and _day > {{ days_before(28) }}
    group by _source
    union all
    {%- endfor %}
    select
        cast(null as {{ type_of('text') }}),
        cast(null as {{ type_of('text') }}),
        cast(null as {{ type_of('text') }}),
        0,
        0
    where 1 = 0
),

cleansed as (
    select
        stated.source,
        'people' as entity,
        stated.field,
        'validity' as measure,
        stated.judged,
        stated.judged - coalesce(doubted.wrong, 0) as good
    from stated
    left join doubted on stated.source = doubted.source and stated.field = doubted.field
),

-- one pass an entity: which of its counts a row shows is said by a number
counted as (
    {%- for entity in quality_entities() %}
    {%- set shown = [] %}
    {%- for field in quality_fields(entity) %}
    {%- do shown.append([field, 'completeness', 'row_count', 'filled_' ~ loop.index]) %}
    {%- endfor %}
    {%- for field in quality_unique(entity) %}
    {%- do shown.append([field, 'uniqueness', 'held_' ~ loop.index, 'distinct_' ~ loop.index]) %}
    {%- endfor %}
    {%- for field, measure, _ in quality_conditions(entity) %}
    {%- do shown.append([field, measure, 'judged_' ~ loop.index, 'good_' ~ loop.index]) %}
    {%- endfor %}
    {%- do shown.append(['*', 'timeliness', 'dated', 'prompt']) %}
    select
        {{ entity }}_counted.source,
        '{{ entity }}' as entity,
        shown.field,
        shown.measure,
        case shown.place{% for one in shown %} when {{ loop.index }} then {{ one[2] }}{% endfor %} end as judged,
        case shown.place{% for one in shown %} when {{ loop.index }} then {{ one[3] }}{% endfor %} end as good
    from {{ entity }}_counted
    cross join (
        {%- for one in shown %}
        select {{ loop.index }} as place, '{{ one[0] }}' as field, '{{ one[1] }}' as measure
        {% if not loop.last %}union all{% endif %}
        {%- endfor %}
    ) as shown
    union all
    {%- endfor %}
    select source, entity, field, measure, judged, good from cleansed
    union all
    select source, 'people', 'phone', 'consistency', judged, good from strange
    union all
    select source, entity, field, 'validity', judged, good from unusable
),

-- of a field that cleansing judges and a rule as well, the stricter
shares as (
    select
        source,
        entity,
        field,
        measure,
        max(judged) as judged,
        min(cast(good as {{ type_of('double') }}) / nullif(judged, 0)) as value
    from counted
    group by source, entity, field, measure
),

ages as (
    {%- for entity in quality_entities() %}
    select source, '{{ entity }}' as entity, row_count as judged,
        {{ days_between('newest_day', day()) }} as value
    from {{ entity }}_counted
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

final as (
    select source, entity, field, measure, judged, value
    from shares
    where value is not null
    union all
    select source, entity, '*', 'staleness', judged, value
    from ages
)

select
    cast(source as {{ type_of('text') }}) as source,
    cast(entity as {{ type_of('text') }}) as entity,
    cast(field as {{ type_of('text') }}) as field,
    cast(measure as {{ type_of('text') }}) as measure,
    cast(judged as {{ type_of('integer') }}) as judged,
    cast(value as {{ type_of('double') }}) as value
from final
where source is not null
