-- Who gave an e-mail address to identify(): ties the shop's customer number to it.
with identified as (
    select
        user_id,
        traits_email__normalised as email,
        min(occurred_at) as created_at,
        max(occurred_at) as updated_at,
        max(_source) as _source,
        min(_day) as _day
    from {{ source('raw', 'segment_events__events') }}
    where
        _day <= {{ day() }}
        and type = 'identify'
        and traits_email__normalised is not null
    group by user_id, traits_email__normalised
),

final as (
    select
        'segment_events:' || coalesce({{ clean('user_id') }}, '') || ':' || email as record_id,
        coalesce({{ id_ref('shop', 'user_id') }}, {{ email_ref('email') }}) as person_ref,
        email,
        'contact' as lifecycle,
        created_at,
        updated_at,
        _source,
        _day
    from identified
)

select * from final
