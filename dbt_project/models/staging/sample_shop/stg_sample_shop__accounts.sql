with accounts as (
    {{ newest_version(source('raw', 'sample_shop__accounts'), ['account_id'], 'updated_at') }}
),

final as (
    select
        {{ native_key('sample_shop', 'account_id') }} as account_key,
        {{ clean('name') }} as name,
        lower({{ clean('domain') }}) as domain,
        {{ clean('industry') }} as industry,
        employees,
        {{ money('annual_revenue') }} as annual_revenue,
        {{ clean('country') }} as country,
        {{ clean('owner') }} as owner,
        created_at,
        updated_at,
        _source,
        _day
    from accounts
)

select * from final
