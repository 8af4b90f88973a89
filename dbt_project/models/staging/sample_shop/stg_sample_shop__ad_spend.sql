with ads as (
    {{ newest_version(source('raw', 'sample_shop__ads'), ['spend_day', 'platform', 'campaign_id']) }}
),

final as (
    select
        'sample_shop:' || cast(spend_day as {{ type_of('text') }}) || ':' || platform || ':' || campaign_id
            as ad_spend_key,
        spend_day,
        lower({{ clean('platform') }}) as platform,
        campaign_id,
        {{ clean('campaign') }} as campaign,
        {{ money('cost') }} as cost,
        currency,
        impressions,
        clicks,
        conversions,
        _source,
        _day
    from ads
)

select * from final
