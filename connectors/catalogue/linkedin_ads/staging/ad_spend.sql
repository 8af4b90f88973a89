-- A report names a campaign by its URN alone: its name stands in the list of campaigns, its currency with the account.
with campaign_days as (
    {{ newest_version(source('raw', '{source}__campaign_days'), ['date_range_start', 'campaign']) }}
),

campaigns as (
    {{ newest_version(source('raw', '{source}__campaigns'), ['id']) }}
),

accounts as (
    {{ newest_version(source('raw', '{source}__accounts'), ['id']) }}
),

account as (
    select max(currency) as currency from accounts
),

numbered as (
    select
        campaign_days.*,
        replace(campaign_days.campaign, 'urn:li:sponsoredCampaign:', '') as campaign_id
    from campaign_days
),

named as (
    select
        numbered.*,
        campaigns.name as campaign_name,
        account.currency
    from numbered
    left join campaigns on numbered.campaign_id = campaigns.id
    cross join account
),

final as (
    select
        '{source}:' || cast(date_range_start as {{ type_of('text') }}) || ':' || campaign_id as ad_spend_key,
        date_range_start as spend_day,
        'linkedin_ads' as platform,
        campaign_id,
        {{ clean('campaign_name') }} as campaign,
        {{ money('coalesce(cost_in_local_currency, 0)') }} as cost,
        upper({{ clean('currency') }}) as currency,
        coalesce(impressions, 0) as impressions,
        coalesce(clicks, 0) as clicks,
        coalesce(external_website_conversions, 0) as conversions,
        {{ extra_columns('{source}', 'ad_spend') }}
        _source,
        _day
    from named
)

select * from final
