-- What each score of recency, frequency and money stands for today: the least and the largest value with it. A score
-- that nobody has stands here too, with no bounds: where most people bought once there is no second fifth of frequency.
with customers as (
    select * from {{ ref('int_people__profiled') }}
    where lifetime_orders > 0
),

valued as (
    select 'recency' as measure, rfm_recency as score, cast(days_since_last_order as {{ type_of('double') }}) as amount
    from customers
    union all
    select 'frequency', rfm_frequency, cast(lifetime_orders as {{ type_of('double') }}) from customers
    union all
    select 'monetary', rfm_monetary, cast(lifetime_revenue as {{ type_of('double') }}) from customers
),

scores as (
    {%- for measure in ['recency', 'frequency', 'monetary'] %}{% for score in range(1, 6) %}
    select '{{ measure }}' as measure, {{ score }} as score
    {%- if not loop.last %} union all{% endif %}{% endfor %}
    {%- if not loop.last %} union all{% endif %}{% endfor %}
),

final as (
    select
        cast(scores.measure as {{ type_of('text') }}) as measure,
        cast(scores.score as {{ type_of('integer') }}) as score,
        min(valued.amount) as lowest,
        max(valued.amount) as highest,
        cast(count(valued.amount) as {{ type_of('integer') }}) as people
    from scores
    left join valued on scores.measure = valued.measure and scores.score = valued.score
    group by scores.measure, scores.score
)

select * from final
