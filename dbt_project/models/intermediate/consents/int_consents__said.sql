-- Who said what by the end of D about each topic, before it is asked by what a row names its human: a table, for the
-- statements read it several times. The rule stands in macros/consent.sql.
{{ config(materialized='table') }}

{{ said() }}
