-- What each person's consent comes to at the end of D; the rule stands in macros/consent.sql.
{{ config(materialized='table') }}

with consents as (
    {{ with_person(ref('int_consents__unioned'), 'consents') }}
),

messages as (
    {{ with_person(ref('int_messages__distinct'), 'messages') }}
),

final as (
    {{ consent_standing('consents', 'messages') }}
)

select * from final
