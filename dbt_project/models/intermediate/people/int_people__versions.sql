-- Every version of each record of people as of D, and by what it names its human. A table: what is given up and taken
-- over is found by reading it a dozen times, and not every engine keeps what a query has read once.
{{ config(materialized='table') }}

with versions as (
    {{ entity_versions('people') }}
)

select
    record_id,
    _day,
    person_ref,
    email,
    phone,
    loyalty_card,
    strong_ids
from versions
