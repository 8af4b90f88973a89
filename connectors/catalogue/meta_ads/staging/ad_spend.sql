-- Clicks are those on a link. Conversions are purchases: Meta's count over all of its places, else that of its pixel.
{%- set purchases = '"action_type": *"omni_purchase"[^}]*"value": *"([0-9.]+)"' %}
{%- set pixel = '"action_type": *"offsite_conversion.fb_pixel_purchase"[^}]*"value": *"([0-9.]+)"' %}

with campaign_days as (
    {{ newest_version(source('raw', '{source}__campaign_days'), ['date_start', 'campaign_id']) }}
),

final as (
    select
        '{source}:' || cast(date_start as {{ type_of('text') }}) || ':' || campaign_id as ad_spend_key,
        date_start as spend_day,
        'meta_ads' as platform,
        campaign_id,
        {{ clean('campaign_name') }} as campaign,
        {{ money('coalesce(spend, 0)') }} as cost,
        upper({{ clean('account_currency') }}) as currency,
        coalesce(impressions, 0) as impressions,
        coalesce(inline_link_clicks, 0) as clicks,
        cast(
            round(cast(
                coalesce({{ captured('actions', purchases) }}, {{ captured('actions', pixel) }}, '0')
                as {{ type_of('double') }}
            )) as {{ type_of('integer') }}
        ) as conversions,
        {{ extra_columns('{source}', 'ad_spend') }}
        _source,
        _day
    from campaign_days
)

select * from final
