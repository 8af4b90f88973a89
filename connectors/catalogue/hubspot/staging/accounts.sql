-- Companies that are not archived, or were restored and changed since.
with companies as (
    {{ newest_version(source('raw', '{source}__companies'), ['id'], 'updated_at') }}
),

archived as (
    {{ newest_version(source('raw', '{source}__archived_companies'), ['id']) }}
),

final as (
    select
        {{ native_key('{source}', 'companies.id') }} as account_key,
        {{ clean('companies.name') }} as name,
        lower({{ clean('companies.domain') }}) as domain,
        lower({{ clean('companies.industry') }}) as industry,
        companies.numberofemployees as employees,
        {{ money('companies.annualrevenue') }} as annual_revenue,
        {{ clean('companies.country') }} as country,
        {{ clean('companies.hubspot_owner_id') }} as owner,
        companies.created_at,
        companies.updated_at,
        {{ extra_columns('{source}', 'accounts') }}
        companies._source,
        companies._day
    from companies
    left join archived on companies.id = archived.id
    where archived.id is null or archived.archived_at < companies.updated_at
)

select * from final
