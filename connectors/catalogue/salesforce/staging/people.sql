-- Contacts and leads that are not deleted. A converted lead is its contact.
with contacts as (
    {{ newest_version(source('raw', '{source}__contacts'), ['id'], 'system_modstamp') }}
),

leads as (
    {{ newest_version(source('raw', '{source}__leads'), ['id'], 'system_modstamp') }}
),

final as (
    select
        {{ native_key('{source}', 'id') }} as record_id,
        {{ id_ref('{source}', 'id') }} as person_ref,
        email__normalised as email,
        phone__normalised as phone,
        {{ clean('first_name') }} as first_name,
        {{ clean('last_name') }} as last_name,
        birthdate as birth_date,
        {{ clean('mailing_country') }} as country,
        {{ clean('mailing_state') }} as region,
        {{ clean('mailing_city') }} as city,
        {{ clean('mailing_postal_code') }} as postal_code,
        {{ native_key('{source}', 'account_id') }} as account_key,
        'contact' as lifecycle,
        cast(null as {{ type_of('text') }}) as lead_status,
        lower({{ clean('lead_source') }}) as lead_source,
        created_date as created_at,
        last_modified_date as updated_at,
        _source,
        _day
    from contacts
    where not coalesce(is_deleted, false)
    union all
    select
        {{ native_key('{source}', 'id') }} as record_id,
        coalesce({{ id_ref('{source}', 'converted_contact_id') }}, {{ id_ref('{source}', 'id') }}) as person_ref,
        email__normalised as email,
        phone__normalised as phone,
        {{ clean('first_name') }} as first_name,
        {{ clean('last_name') }} as last_name,
        cast(null as date) as birth_date,
        {{ clean('country') }} as country,
        {{ clean('state') }} as region,
        {{ clean('city') }} as city,
        {{ clean('postal_code') }} as postal_code,
        {{ native_key('{source}', 'converted_account_id') }} as account_key,
        case when is_converted then 'contact' else 'lead' end as lifecycle,
        lower({{ clean('status') }}) as lead_status,
        lower({{ clean('lead_source') }}) as lead_source,
        created_date as created_at,
        last_modified_date as updated_at,
        _source,
        _day
    from leads
    where not coalesce(is_deleted, false)
)

select * from final
