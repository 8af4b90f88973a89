-- Costs of linked and imported ad accounts; visits that cost nothing are no spend. A row has no currency of its own.
with cost_days as (
    {{ newest_version(source('raw', '{source}__cost_days'),
        ['date', 'session_source', 'session_medium', 'session_campaign_id', 'session_campaign_name']) }}
),

spent as (
    select * from cost_days
    where advertiser_ad_cost > 0 or advertiser_ad_impressions > 0 or advertiser_ad_clicks > 0
),

final as (
    select
        '{source}:' || cast(date as {{ type_of('text') }}) || ':' || session_source || ':' || session_medium
        || ':' || session_campaign_id || ':' || session_campaign_name as ad_spend_key,
        date as spend_day,
        lower({{ clean('session_source') }}) as platform,
        coalesce(nullif({{ clean('session_campaign_id') }}, '(not set)'), session_campaign_name) as campaign_id,
        {{ clean('session_campaign_name') }} as campaign,
        {{ money('coalesce(advertiser_ad_cost, 0)') }} as cost,
        cast(null as {{ type_of('text') }}) as currency,
        coalesce(advertiser_ad_impressions, 0) as impressions,
        coalesce(advertiser_ad_clicks, 0) as clicks,
        cast(round(coalesce(key_events, 0)) as {{ type_of('integer') }}) as conversions,
        {{ extra_columns('{source}', 'ad_spend') }}
        _source,
        _day
    from spent
)

select * from final
