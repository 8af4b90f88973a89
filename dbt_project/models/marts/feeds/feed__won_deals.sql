-- feed__won_deals.sql: leads who became business, for the platforms that brought them ("offline conversions")
with deals as (
    select * from {{ ref('deals') }}
    where
        status = 'won'
        and closed_at is not null     -- no platform takes a conversion without its time
),

profiles as (
    select * from {{ ref('profiles') }}
),

final as (
    select
        deals.deal_key as event_id,
        deals.person_id,
        deals.closed_at as occurred_at,
        deals.amount as value,
        deals.currency,
        deals.name as deal_name,
        profiles.lead_source,
        profiles.email,
        profiles.phone,
        profiles.first_name,
        profiles.last_name,
        profiles.country
    from deals
    left join profiles on deals.person_id = profiles.person_id
)

select * from final
