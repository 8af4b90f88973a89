-- The report adds accounts of several currencies up by campaign, and names none.
with campaign_report as (
    {{ newest_version(source('raw', '{source}__campaign_report'), ['platform', 'campaign_id', 'date_day']) }}
),

final as (
    select
        '{source}:' || cast(date_day as {{ type_of('text') }}) || ':' || platform || ':' || campaign_id
            as ad_spend_key,
        date_day as spend_day,
        lower({{ clean('platform') }}) as platform,
        campaign_id,
        {{ clean('campaign_name') }} as campaign,
        {{ money('coalesce(spend, 0)') }} as cost,
        cast(null as {{ type_of('text') }}) as currency,
        coalesce(impressions, 0) as impressions,
        coalesce(clicks, 0) as clicks,
        cast(round(coalesce(conversions, 0)) as {{ type_of('integer') }}) as conversions,
        {{ extra_columns('{source}', 'ad_spend') }}
        _source,
        _day
    from campaign_report
)

select * from final
