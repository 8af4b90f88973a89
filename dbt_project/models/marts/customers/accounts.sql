with accounts as (
    select * from {{ ref('int_accounts__unioned') }}
),

keys as (
    select * from {{ source('identity', 'account_keys') }}
),

final as (
    select
        accounts.*,
        {{ local_day('accounts.created_at') }} as created_on,
        true as is_trade,
        keys.account_id
    from accounts
    left join keys on accounts.account_key = keys.account_key
)

select * from final
