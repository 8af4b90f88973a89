with consents as (
    {{ newest_version(source('raw', 'sample_shop__consents'), ['consent_id']) }}
),

final as (
    select
        {{ native_key('sample_shop', 'consent_id') }} as consent_key,
        coalesce({{ email_ref('email__normalised') }}, {{ phone_ref('phone__normalised') }}) as person_ref,
        channel,
        purpose,
        status,
        {{ clean('wording_version') }} as wording_version,
        {{ clean('source') }} as collected_by,
        {{ clean('ip') }} as ip,
        occurred_at,
        _source,
        _day
    from consents
)

select * from final
