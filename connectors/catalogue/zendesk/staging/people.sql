-- Who asks: end users that are not deleted. The first word of a name is the first name, where there are more.
with users as (
    {{ newest_version(source('raw', '{source}__users'), ['id'], 'updated_at') }}
),

named as (
    select
        *,
        {{ clean('name') }} as full_name
    from users
    where coalesce(lower({{ clean('role') }}), 'end-user') = 'end-user' and coalesce(active, true)
),

final as (
    select
        {{ native_key('{source}', 'id') }} as record_id,
        {{ id_ref('{source}', 'id') }} as person_ref,
        email__normalised as email,
        phone__normalised as phone,
        case when full_name like '% %' then split_part(full_name, ' ', 1) end as first_name,
        case
            when full_name like '% %' then {{ clean("substring(full_name from position(' ' in full_name))") }}
        end as last_name,
        {{ clean('locale') }} as language,
        {{ clean('iana_time_zone') }} as time_zone,
        'contact' as lifecycle,
        created_at,
        updated_at,
        {{ extra_columns('{source}', 'people') }}
        _source,
        _day
    from named
)

select * from final
