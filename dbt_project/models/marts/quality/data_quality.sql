-- How good the data was on each day that was built, by source, entity, field and measure. A day that is built again is
-- replaced; its later days stay.
{%- set columns = {
    'day': 'date', 'source': 'text', 'entity': 'text', 'field': 'text', 'measure': 'text', 'judged': 'integer',
    'value': 'double',
} %}

with before as (
    {{ rows_before(columns) }}
),

final as (
    select
        day,
        source,
        entity,
        field,
        measure,
        judged,
        value
    from before
    where day <> {{ day() }} and day > {{ days_before(var('quality', {}).get('keep_days', 400)) }}
    union all
    select
        {{ day() }} as day,
        source,
        entity,
        field,
        measure,
        judged,
        value
    from {{ ref('int_quality__measured') }}
)

select * from final
