with registrations as (
    {{ with_person(ref('int_registrations__unioned'), 'registrations') }}
),

final as (
    select
        *,
        {{ local_day('registered_at') }} as registered_on
    from registrations
)

select * from final
