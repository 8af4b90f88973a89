-- Profiles, anonymous ones too: those without an e-mail or a number are known by their own id alone.
with profiles as (
    {{ newest_version(source('raw', '{source}__profiles'), ['id'], 'updated') }}
),

final as (
    select
        {{ native_key('{source}', 'id') }} as record_id,
        {{ id_ref('{source}', 'id') }} as person_ref,
        email__normalised as email,
        phone_number__normalised as phone,
        {{ clean('first_name') }} as first_name,
        {{ clean('last_name') }} as last_name,
        {{ clean('country') }} as country,
        {{ clean('region') }} as region,
        {{ clean('city') }} as city,
        {{ clean('zip') }} as postal_code,
        {{ clean('locale') }} as language,
        {{ clean('timezone') }} as time_zone,
        'contact' as lifecycle,
        created as created_at,
        updated as updated_at,
        {{ extra_columns('{source}', 'people') }}
        _source,
        _day
    from profiles
)

select * from final
