-- Contacts that are not archived, or were restored and changed since. Whether one is a customer is what its lifecycle
-- stage says.
with contacts as (
    {{ newest_version(source('raw', '{source}__contacts'), ['id'], 'updated_at') }}
),

archived as (
    {{ newest_version(source('raw', '{source}__archived_contacts'), ['id']) }}
),

final as (
    select
        {{ native_key('{source}', 'contacts.id') }} as record_id,
        {{ id_ref('{source}', 'contacts.id') }} as person_ref,
        contacts.email__normalised as email,
        contacts.phone__normalised as phone,
        {{ clean('contacts.firstname') }} as first_name,
        {{ clean('contacts.lastname') }} as last_name,
        {{ clean('contacts.country') }} as country,
        {{ clean('contacts.state') }} as region,
        {{ clean('contacts.city') }} as city,
        {{ clean('contacts.zip') }} as postal_code,
        {{ clean('contacts.hs_language') }} as language,
        {{ native_key('{source}', 'contacts.associatedcompanyid') }} as account_key,
        case lower({{ clean('contacts.lifecyclestage') }})
            when 'customer' then 'customer'
            when 'evangelist' then 'customer'
            when 'lead' then 'lead'
            when 'marketingqualifiedlead' then 'lead'
            when 'salesqualifiedlead' then 'lead'
            when 'opportunity' then 'lead'
            else 'contact'
        end as lifecycle,
        lower({{ clean('contacts.hs_lead_status') }}) as lead_status,
        lower({{ clean('contacts.hs_analytics_source') }}) as lead_source,
        contacts.created_at,
        contacts.updated_at,
        {{ extra_columns('{source}', 'people') }}
        contacts._source,
        contacts._day
    from contacts
    left join archived on contacts.id = archived.id
    where archived.id is null or archived.archived_at < contacts.updated_at
)

select * from final
