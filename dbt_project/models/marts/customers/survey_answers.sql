with survey_answers as (
    {{ with_person(ref('int_survey_answers__unioned'), 'survey_answers') }}
),

final as (
    select
        *,
        {{ local_day('answered_at') }} as answered_on
    from survey_answers
)

select * from final
