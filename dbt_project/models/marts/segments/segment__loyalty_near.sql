-- segment__loyalty_near.sql: a few points short of the next loyalty tier (seeds/loyalty_tiers.csv)
with reachable as (
    select
        profiles.person_id,
        profiles.loyalty_points,
        tiers.tier as next_tier,
        tiers.from_points - profiles.loyalty_points as points_missing,
        tiers.near_points,
        row_number() over (partition by profiles.person_id order by tiers.from_points) as nearest_first
    from {{ ref('profiles') }} as profiles
    inner join {{ ref('loyalty_tiers') }} as tiers on profiles.loyalty_points < tiers.from_points
),

final as (
    select person_id, loyalty_points, next_tier, points_missing
    from reachable
    where nearest_first = 1 and points_missing <= near_points
)

select * from final
