-- Who said what by the end of D, for each identifier it was said by; the rule stands in macros/consent.sql.
{{ config(materialized='table') }}

{{ statements() }}
