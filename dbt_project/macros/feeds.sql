{#
    Everything that has happened by the end of D, of every feed: (feed, event_id, person_id, occurred_at), one branch
    for each name in `feeds`. What a clock puts after D waits for its day.
#}
{% macro feed_events(feeds) -%}
    {%- for feed in feeds %}
    select
        cast('{{ feed }}' as {{ type_of('text') }}) as feed,
        event_id,
        person_id,
        occurred_at
    from {{ ref('feed__' ~ feed) }}
    where {{ local_day('occurred_at') }} <= {{ day() }}
    {% if not loop.last %}union all{% endif %}
    {%- else %}
    select
        cast(null as {{ type_of('text') }}) as feed,
        cast(null as {{ type_of('text') }}) as event_id,
        cast(null as {{ type_of('text') }}) as person_id,
        cast(null as {{ type_of('timestamp') }}) as occurred_at
    where 1 = 0
    {%- endfor %}
{%- endmacro %}
