with answers as (
    {{ newest_version(source('raw', 'sample_shop__survey_answers'), ['answer_id']) }}
),

final as (
    select
        {{ native_key('sample_shop', 'answer_id') }} as answer_key,
        {{ email_ref('email__normalised') }} as person_ref,
        lower({{ clean('survey') }}) as survey,
        {{ clean('question') }} as question,
        score,
        {{ clean('answer_text') }} as answer_text,
        answered_at,
        _source,
        _day
    from answers
)

select * from final
