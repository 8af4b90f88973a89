with subscriptions as (
    {{ with_person(ref('int_subscriptions__unioned'), 'subscriptions') }}
),

final as (
    select
        *,
        {{ local_day('started_at') }} as started_on,
        {{ local_day('renews_at') }} as renews_on,
        {{ local_day('cancelled_at') }} as cancelled_on
    from subscriptions
)

select * from final
