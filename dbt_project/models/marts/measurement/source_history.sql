-- From when to when each source speaks of people, orders, events and deals, by their own instants: how far back a model
-- can learn from it. Grain (entity, source).
{{ config(materialized='table') }}
{%- set instants = {
    'people': 'created_at', 'orders': 'ordered_at', 'events': 'occurred_at', 'messages': 'occurred_at',
    'deals': 'created_at', 'subscriptions': 'started_at', 'tickets': 'created_at', 'registrations': 'registered_at',
} %}

with by_source as (
    {%- for entity, instant in instants.items() %}
    select
        '{{ entity }}' as entity,
        _source as source,
        min({{ instant }}) as first_at,
        max({{ instant }}) as last_at,
        count(*) as row_count
    from {{ ref('int_' ~ entity ~ ('__distinct' if entity in ('events', 'messages') else '__unioned')) }}
    where {{ instant }} < {{ end_of(day()) }}
    group by _source
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

final as (
    select
        entity,
        source,
        {{ local_day('first_at') }} as first_day,
        {{ local_day('last_at') }} as last_day,
        row_count
    from by_source
)

select * from final
