-- Members, one record an audience: who is in two is two records of one person. Archived ones stay known.
with members as (
    {{ newest_version(source('raw', '{source}__members'), ['list_id', 'id'], 'last_changed') }}
),

archived as (
    {{ newest_version(source('raw', '{source}__archived_members'), ['list_id', 'id'], 'last_changed') }}
),

everybody as (
    select * from members
    union all
    select archived.*
    from archived
    left join members on archived.list_id = members.list_id and archived.id = members.id
    where members.id is null
),

final as (
    select
        '{source}:' || list_id || ':' || id as record_id,
        {{ email_ref('email_address__normalised') }} as person_ref,
        email_address__normalised as email,
        coalesce(sms_phone_number__normalised, phone__normalised) as phone,
        {{ clean('fname') }} as first_name,
        {{ clean('lname') }} as last_name,
        {{ clean('country_code') }} as country,
        {{ clean('region') }} as region,
        {{ clean('member_language') }} as language,
        {{ clean('timezone') }} as time_zone,
        'contact' as lifecycle,
        lower({{ clean('member_source') }}) as lead_source,
        coalesce(timestamp_signup, timestamp_opt) as created_at,
        last_changed as updated_at,
        {{ extra_columns('{source}', 'people') }}
        _source,
        _day
    from everybody
)

select * from final
