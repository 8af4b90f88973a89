-- What of D's data quality needs somebody: what has fallen against its own past, and what is below a declared bound
-- (insight/quality.yml). Of shares less is worse, of days more.
{%- set rules = var('quality', {}) %}
{%- set drop = rules.get('drop', {'days': 28, 'least_days': 7, 'share': 0.05, 'deviations': 3, 'stale_days': 2,
    'least_rows': 50}) %}

with today as (
    select * from {{ ref('data_quality') }}
    where day = {{ day() }}
),

past as (
    select
        source,
        entity,
        field,
        measure,
        count(*) as days,
        avg(value) as mean,
        coalesce(stddev_samp(value), 0) as deviation
    from {{ ref('data_quality') }}
    where day < {{ day() }} and day >= {{ days_before(drop.days) }}
    group by source, entity, field, measure
),

fallen as (
    select
        today.*,
        'drop' as rule,
        past.mean as expected
    from today
    inner join past
        on
            today.source = past.source
            and today.entity = past.entity
            and today.field = past.field
            and today.measure = past.measure
    where
        past.days >= {{ drop.least_days }}
        and today.judged >= {{ drop.least_rows }}
        and case
            when today.measure = 'staleness'
                then today.value > past.mean + greatest({{ drop.stale_days }}, {{ drop.deviations }} * past.deviation)
            else today.value < past.mean - greatest({{ drop.share }}, {{ drop.deviations }} * past.deviation)
        end
),

declared as (
    {%- for minimum in rules.get('minimums', []) %}
    select
        today.*,
        'minimum' as rule,
        cast({{ minimum.at_most_days if minimum.measure == 'staleness' else minimum.at_least }}
            as {{ type_of('double') }}) as expected
    from today
    where
        entity = {{ literal(minimum.entity) }}
        and measure = {{ literal(minimum.measure) }}
        {%- if minimum.field != '*' %}
        and field = {{ literal(minimum.field) }}
        {%- endif %}
        {%- if minimum.source != '*' %}
        and source = {{ literal(minimum.source) }}
        {%- endif %}
        and value {{ '> ' ~ minimum.at_most_days if minimum.measure == 'staleness' else '< ' ~ minimum.at_least }}
    union all
    {%- endfor %}
    select today.*, 'minimum' as rule, today.value as expected
    from today
    where 1 = 0
),

either as (
    select * from fallen
    union all
    select * from declared
),

final as (
    select
        day,
        source,
        entity,
        field,
        measure,
        cast(rule as {{ type_of('text') }}) as rule,
        judged,
        value,
        cast(case when measure = 'staleness' then min(expected) else max(expected) end as {{ type_of('double') }})
            as expected
    from either
    group by day, source, entity, field, measure, rule, judged, value
)

select * from final
