-- Written at sign-up and again after the webinar, with attendance: the later day wins.
with registrations as (
    {{ newest_version(source('raw', 'sample_shop__registrations'), ['registration_id']) }}
),

final as (
    select
        {{ native_key('sample_shop', 'registration_id') }} as registration_key,
        {{ email_ref('email__normalised') }} as person_ref,
        {{ clean('webinar') }} as event_name,
        'webinar' as event_kind,
        registered_at,
        coalesce(attended, false) as attended,
        attended_minutes,
        _source,
        _day
    from registrations
)

select * from final
