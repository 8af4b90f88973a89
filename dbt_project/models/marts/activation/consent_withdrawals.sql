-- Who has said no by now, whatever the day being built: push reads this view again just before it sends.
{{ config(materialized='view') }}

with consents_any_day as (
    {{ entity_any_day('consents') }}
),

messages_any_day as (
    {{ entity_any_day('messages') }}
),

consents as (
    {{ with_person('consents_any_day', 'consents') }}
),

messages as (
    {{ with_person('messages_any_day', 'messages') }}
),

standing as (
    {{ consent_standing('consents', 'messages') }}
),

final as (
    select
        person_id,
        channel,
        purpose,
        stopped_by,
        stopped_at as withdrawn_at
    from standing
    where stopped_at is not null
)

select * from final
