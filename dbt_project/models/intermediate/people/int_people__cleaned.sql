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

-- a company that all accounts of an e-mail domain name
companies as (
    select
        lower({{ clean('accounts.domain') }}) as domain,
        min(accounts.name) as name
    from {{ ref('int_accounts__unioned') }} as accounts
    where accounts.name is not null and {{ clean('accounts.domain') }} is not null
    group by lower({{ clean('accounts.domain') }})
    having count(distinct accounts.name) = 1
),

postal_regions as (
    select * from {{ ref('postal_regions') }}
),

valued as (
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
),

final as (
    select
        {%- for column in entity_columns('people') %}
        {%- if column == 'region' %}
        coalesce(valued.region, by_letters.region, by_three.region, by_two.region) as region,
        {%- elif column == 'company' %}
        coalesce(valued.company, companies.name) as company,
        {%- else %}
        valued.{{ column }},
        {%- endif %}
        {%- endfor %}
        case
            when valued.region is not null then 'stated'
            when coalesce(by_letters.region, by_three.region, by_two.region) is not null then 'postal_code'
        end as region_source,
        case
            when valued.company is not null then 'stated'
            when companies.name is not null then 'email_domain'
        end as company_source,
        valued.time_zone_source,
        valued.time_zone_confidence,
        valued.is_role_address,
        valued.is_disposable_address,
        valued.email_suggestion,
        valued.is_enriched,
        valued.is_cleaned
    from valued
    left join companies on {{ work_domain('valued.email') }} = companies.domain
    left join postal_regions as by_letters
        on
            valued.country = by_letters.country
            and {{ without('[0-9].*$', 'valued.postal_code') }} = by_letters.prefix
    left join postal_regions as by_three
        on valued.country = by_three.country and substring(valued.postal_code from 1 for 3) = by_three.prefix
    left join postal_regions as by_two
        on valued.country = by_two.country and substring(valued.postal_code from 1 for 2) = by_two.prefix
)

select * from final
