-- noqa: disable=LT02
-- The one row a person that segments and channels read: int_people__profiled and the newest scores. A person a model
-- did not score on its newest day has NULL there: an old score is no score.
{{ config(contract={'enforced': false}) }}

with people as (
    select * from {{ ref('int_people__profiled') }}
),
{% for model in var('models') %}
{{ model }} as (
    select * from {{ scores_of(model) }}
    where as_of_day = (
        select max(as_of_day) from {{ scores_of(model) }}
        where as_of_day <= {{ day() }}
    )
),
{% endfor %}
final as (
    select
        people.*
        {%- for model in var('models') %},
        cast({{ model }}.score as {{ type_of('double') }}) as {{ model }},
        cast({{ model }}.decile as {{ type_of('integer') }}) as {{ model }}_decile
        {%- endfor %}
    from people
    {%- for model in var('models') %}
    left join {{ model }} on people.person_id = {{ model }}.person_id
    {%- endfor %}
)

select * from final
