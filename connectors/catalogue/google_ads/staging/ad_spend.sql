-- Money comes in millionths. A conversion may be counted in parts; the entity holds whole ones.
with campaign_days as (
    {{ newest_version(source('raw', '{source}__campaign_days'), ['segments_date', 'campaign_id']) }}
),

final as (
    select
        '{source}:' || cast(segments_date as {{ type_of('text') }}) || ':' || campaign_id as ad_spend_key,
        segments_date as spend_day,
        'google_ads' as platform,
        campaign_id,
        {{ clean('campaign_name') }} as campaign,
        {{ money('coalesce(metrics_cost_micros, 0) / 1000000.0') }} as cost,
        upper({{ clean('customer_currency_code') }}) as currency,
        coalesce(metrics_impressions, 0) as impressions,
        coalesce(metrics_clicks, 0) as clicks,
        cast(round(coalesce(metrics_conversions, 0)) as {{ type_of('integer') }}) as conversions,
        {{ extra_columns('{source}', 'ad_spend') }}
        _source,
        _day
    from campaign_days
)

select * from final
