-- Who opted out of e-mail, contacts and leads, deleted ones too: who said no has said it. When is not known, and no
-- field is a yes.
with contacts as (
    {{ newest_version(source('raw', '{source}__contacts'), ['id'], 'system_modstamp') }}
),

leads as (
    {{ newest_version(source('raw', '{source}__leads'), ['id'], 'system_modstamp') }}
),

opted_out as (
    select
        id,
        {{ id_ref('{source}', 'id') }} as person_ref,
        email__normalised,
        _source,
        _day
    from contacts
    where coalesce(lower({{ clean('has_opted_out_of_email') }}), 'false') <> 'false'
    union all
    select
        id,
        coalesce({{ id_ref('{source}', 'converted_contact_id') }}, {{ id_ref('{source}', 'id') }}) as person_ref,
        email__normalised,
        _source,
        _day
    from leads
    where coalesce(lower({{ clean('has_opted_out_of_email') }}), 'false') <> 'false'
),

final as (
    select
        {{ native_key('{source}', 'id', 'opt_out') }} as consent_key,
        person_ref,
        email__normalised as email,
        'email' as channel,
        'marketing' as purpose,
        'withdrawn' as status,
        'HasOptedOutOfEmail' as collected_by,
        cast(null as {{ type_of('timestamp') }}) as occurred_at,
        _source,
        _day
    from opted_out
)

select * from final
