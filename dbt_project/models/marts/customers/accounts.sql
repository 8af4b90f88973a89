with accounts as (
    select * from {{ ref('int_accounts__unioned') }}
),

final as (
    select
        *,
        {{ local_day('created_at') }} as created_on,
        true as is_trade
    from accounts
)

select * from final
