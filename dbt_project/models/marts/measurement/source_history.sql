-- From when to when each source speaks of people, orders, events and deals, by their own instants: how far back a model
-- can learn from it. Grain (entity, source).
{{ config(materialized='table') }}
{%- set instants = {
    'people': 'created_at', 'orders': 'ordered_at', 'events': 'occurred_at', 'messages': 'occurred_at',
    'deals': 'created_at', 'subscriptions': 'started_at', 'tickets': 'created_at', 'registrations': 'registered_at',
} %}

with rows_of_sources as (
    {%- for entity, instant in instants.items() %}
    select
        '{{ entity }}' as entity,
        _source as source,
        {{ local_day(instant) }} as happened_on
    from {{ ref('int_' ~ entity ~ ('__distinct' if entity in ('events', 'messages') else '__unioned')) }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

final as (
    select
        entity,
        source,
        min(happened_on) as first_day,
        max(happened_on) as last_day,
        count(*) as row_count
    from rows_of_sources
    where happened_on <= {{ day() }}
    group by entity, source
)

select * from final
