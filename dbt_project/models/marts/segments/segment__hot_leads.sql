-- segment__hot_leads.sql: leads that sales should call today
with leads as (
    select
        person_id,
        lead_status,
        lead_conversion_30d_decile,
        sessions_30d,
        webinars_attended_180d,
        open_deal_amount
    from {{ ref('profiles') }}
    where
        lifecycle = 'lead'
        and not coalesce({{ is_closed_lead('lead_status') }}, false)
),

final as (
    select *
    from leads
    where
        lead_conversion_30d_decile <= 2
        -- not scored (yet): a deal on the table, or interest shown twice over
        or (
            lead_conversion_30d_decile is null
            and (open_deal_amount > 0 or (sessions_30d >= 3 and webinars_attended_180d >= 1))
        )
)

select * from final
