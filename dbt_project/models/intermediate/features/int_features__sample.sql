-- Who the training grid holds: people whose hash lies below this, a stable sample of at most about a quarter of a
-- million, which is enough to learn from. One row.
{{ config(materialized='view') }}

select
    case
        when count(*) <= 250000 then 'g'
        when count(*) <= 500000 then '80'
        when count(*) <= 1000000 then '40'
        when count(*) <= 4000000 then '10'
        else '04'
    end as below
from {{ source('identity', 'people') }}
