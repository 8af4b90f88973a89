-- What was answered to the question whether a ticket was solved well: good is 5, bad 1.
with ratings as (
    {{ newest_version(source('raw', '{source}__satisfaction_ratings'), ['id'], 'updated_at') }}
),

final as (
    select
        {{ native_key('{source}', 'id') }} as answer_key,
        {{ id_ref('{source}', 'requester_id') }} as person_ref,
        'csat' as survey,
        {{ native_key('{source}', 'ticket_id') }} as question,
        case lower({{ clean('score') }}) when 'good' then 5 when 'bad' then 1 end as score,
        {{ clean('comment') }} as answer_text,
        updated_at as answered_at,
        {{ extra_columns('{source}', 'survey_answers') }}
        _source,
        _day
    from ratings
    where lower({{ clean('score') }}) in ('good', 'bad')
)

select * from final
