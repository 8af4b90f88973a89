-- What each record says of who somebody is, as its source says it: what `fairlead resolve` cleans. One row a record.
select
    people.record_id,
    people._source as source,
    {%- for column in stated_columns() %}
    people.{{ column }},
    {%- endfor %}
    {{ stated_key('people') }} as stated_key
from {{ ref('int_people__unioned') }} as people
where people.record_id is not null
