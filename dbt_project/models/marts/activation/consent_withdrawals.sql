-- Who has said no by now, whatever the day being built: push reads this view again just before it sends.
{{ config(materialized='view') }}

with standing as (
    {{ consent_standing(ref('int_consents__statements_any_day')) }}
),

final as (
    select
        person_id,
        channel,
        purpose,
        stopped_by,
        stopped_at as withdrawn_at
    from standing
    where stopped_by is not null
)

select * from final
