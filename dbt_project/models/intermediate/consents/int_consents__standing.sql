-- What each person's consent comes to at the end of D; the rule stands in macros/consent.sql.
{{ config(materialized='table') }}

{{ consent_standing(ref('int_consents__statements')) }}
