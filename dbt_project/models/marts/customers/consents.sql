with consents as (
    {{ with_person(ref('int_consents__unioned'), 'consents') }}
),

final as (
    select
        *,
        {{ local_day('occurred_at') }} as occurred_on
    from consents
)

select * from final
