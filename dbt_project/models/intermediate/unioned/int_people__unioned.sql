-- A table: read by several models, and putting the versions of a row in order is the dear part.
{{ config(materialized='table') }}

{{ entity('people') }}
