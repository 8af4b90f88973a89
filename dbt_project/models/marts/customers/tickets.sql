with tickets as (
    {{ with_person(ref('int_tickets__unioned'), 'tickets') }}
),

final as (
    select
        *,
        {{ local_day('created_at') }} as created_on,
        {{ local_day('closed_at') }} as closed_on
    from tickets
)

select * from final
