-- Accounts that are not deleted; the domain is that of the website.
with accounts as (
    {{ newest_version(source('raw', '{source}__accounts'), ['id'], 'system_modstamp') }}
),

final as (
    select
        {{ native_key('{source}', 'id') }} as account_key,
        {{ clean('name') }} as name,
        {{ without('^(https?://)?(www[.])?|[/:?#].*$', 'lower(' ~ clean('website') ~ ')') }} as domain,
        lower({{ clean('industry') }}) as industry,
        number_of_employees as employees,
        {{ money('annual_revenue') }} as annual_revenue,
        {{ clean('billing_country') }} as country,
        {{ clean('owner_id') }} as owner,
        {{ native_key('{source}', 'parent_id') }} as parent_account_key,
        created_date as created_at,
        last_modified_date as updated_at,
        {{ extra_columns('{source}', 'accounts') }}
        _source,
        _day
    from accounts
    where not coalesce(is_deleted, false)
)

select * from final
