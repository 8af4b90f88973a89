-- Deals, each of the first contact and the first company that it is associated with. An open one's closing day is
-- planned, and no time of closing.
with deals as (
    {{ newest_version(source('raw', '{source}__deals'), ['id'], 'updated_at') }}
),

final as (
    select
        {{ native_key('{source}', 'id') }} as deal_key,
        {{ id_ref('{source}', json_text('associations', ['contacts', 'results', 0, 'id'])) }} as person_ref,
        {{ native_key('{source}', json_text('associations', ['companies', 'results', 0, 'id'])) }} as account_key,
        {{ clean('dealname') }} as name,
        lower({{ clean('dealstage') }}) as stage,
        case when hs_is_closed_won then 'won' when hs_is_closed then 'lost' else 'open' end as status,
        {{ money('amount') }} as amount,
        upper({{ clean('deal_currency_code') }}) as currency,
        created_at,
        case when hs_is_closed or hs_is_closed_won then closedate end as closed_at,
        updated_at,
        {{ extra_columns('{source}', 'deals') }}
        _source,
        _day
    from deals
)

select * from final
