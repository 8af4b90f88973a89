with deals as (
    {{ with_person(ref('int_deals__unioned'), 'deals') }}
),

final as (
    select
        *,
        {{ local_day('created_at') }} as created_on,
        {{ local_day('closed_at') }} as closed_on
    from deals
)

select * from final
