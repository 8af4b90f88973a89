with deals as (
    {{ newest_version(source('raw', 'sample_shop__deals'), ['deal_id'], 'updated_at') }}
),

final as (
    select
        {{ native_key('sample_shop', 'deal_id') }} as deal_key,
        {{ id_ref('crm', 'lead_id') }} as person_ref,
        {{ native_key('sample_shop', 'account_id') }} as account_key,
        {{ clean('name') }} as name,
        lower({{ clean('stage') }}) as stage,
        status,
        {{ money('amount') }} as amount,
        currency,
        created_at,
        closed_at,
        updated_at,
        _source,
        _day
    from deals
)

select * from final
