-- The stops that the last whole judgement knew. It is made after all that judges, so that a build which ends half-way
-- leaves the one before: what has come since then counts as unanswered.
-- depends_on: {{ ref('int_consents__standing') }}
-- depends_on: {{ ref('int_consents__stopped_addresses') }}
{{ config(materialized='table') }}

select distinct
    statement_key,
    identifier,
    channel,
    purpose,
    said_at
from {{ ref('int_consents__statements') }}
where said <> 'granted' and identifier is not null
