-- Opportunities that are not deleted, each of its primary contact. An open one's closing day is planned, and no time of
-- closing.
with opportunities as (
    {{ newest_version(source('raw', '{source}__opportunities'), ['id'], 'system_modstamp') }}
),

final as (
    select
        {{ native_key('{source}', 'id') }} as deal_key,
        {{ id_ref('{source}', 'contact_id') }} as person_ref,
        {{ native_key('{source}', 'account_id') }} as account_key,
        {{ clean('name') }} as name,
        lower({{ clean('stage_name') }}) as stage,
        case when is_won then 'won' when is_closed then 'lost' else 'open' end as status,
        {{ money('amount') }} as amount,
        created_date as created_at,
        case when is_closed then {{ as_instant('close_date') }} end as closed_at,
        last_modified_date as updated_at,
        {{ extra_columns('{source}', 'deals') }}
        _source,
        _day
    from opportunities
    where not coalesce(is_deleted, false)
)

select * from final
