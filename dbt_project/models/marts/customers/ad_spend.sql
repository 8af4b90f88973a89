with final as (
    select * from {{ ref('int_ad_spend__unioned') }}
)

select * from final
