-- Each record of people with its cleaned values, as `fairlead resolve` has written them; where a record came or changed
-- since, as its source says them. One row a record.
{{ config(materialized='table') }}

with people as (
    select
        records.*,
        {{ stated_key('records') }} as stated_key
    from {{ ref('int_people__unioned') }} as records
),

cleaned as (
    select * from {{ source('identity', 'cleaned_records') }}
),

addresses as (
    select
        record_id,
        max(case when flag = 'role' then 1 else 0 end) = 1 as is_role,
        max(case when flag = 'disposable' then 1 else 0 end) = 1 as is_disposable,
        max(suggestion) as suggestion
    from {{ source('identity', 'cleansing_findings') }}
    where column_name = 'email'
    group by record_id
),

final as (
    select
        {%- for column in entity_columns('people') %}
        {%- if column in cleansed_columns() %}
        case when cleaned.record_id is null then people.{{ column }} else cleaned.{{ column }} end as {{ column }},
        {%- else %}
        people.{{ column }},
        {%- endif %}
        {%- endfor %}
        cleaned.time_zone_source,
        cleaned.time_zone_confidence,
        coalesce(addresses.is_role, false) as is_role_address,
        coalesce(addresses.is_disposable, false) as is_disposable_address,
        case when cleaned.record_id is not null then addresses.suggestion end as email_suggestion,
        {{ is_enriched('people._source') }} as is_enriched,
        cleaned.record_id is not null as is_cleaned
    from people
    left join cleaned on people.record_id = cleaned.record_id and people.stated_key = cleaned.stated_key
    left join addresses on people.record_id = addresses.record_id
)

select * from final
