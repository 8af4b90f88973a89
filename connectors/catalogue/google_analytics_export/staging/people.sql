-- Whom your own site has named to Google: one row a user_id.
with named as (
    select
        user_id,
        max(user_email__normalised) as email,
        min(event_timestamp) as created_at,
        max(event_timestamp) as updated_at,
        max(_source) as _source,
        min(_day) as _day
    from {{ source('raw', '{source}__events') }}
    where _day <= {{ day() }} and {{ clean('user_id') }} is not null
    group by user_id
),

final as (
    select
        {{ native_key('{source}', 'user_id') }} as record_id,
        coalesce({{ email_ref('email') }}, {{ id_ref('{people}', 'user_id') }}) as person_ref,
        email,
        'contact' as lifecycle,
        created_at,
        updated_at,
        _source,
        _day
    from named
)

select * from final
