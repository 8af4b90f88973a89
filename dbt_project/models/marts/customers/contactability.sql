-- Who may be contacted, where and for what; with the one reason where not. Opt-in: silence is no consent.
with people as (
    select * from {{ ref('int_people__golden') }}
),

devices as (
    select distinct person_id
    from {{ source('identity', 'person_identifiers') }}
    where kind = 'device'
),

standing as (
    select * from {{ ref('int_consents__standing') }}
),

addressed as (
    select
        people.person_id,
        channels.channel,
        purposes.purpose,
        case
            when purposes.purpose = 'profiling' then true   -- needs no address: nothing is sent
            when channels.channel = 'email' then people.email is not null
            when channels.channel = 'sms' then people.phone is not null
            when channels.channel = 'push' then devices.person_id is not null
            when channels.channel = 'ads' then coalesce(people.email, people.phone) is not null
            else people.postal_code is not null and people.city is not null
        end as has_address
    from people
    cross join ({{ contact_channels() }}) as channels
    cross join ({{ contact_purposes() }}) as purposes
    left join devices on people.person_id = devices.person_id
),

reasoned as (
    select
        addressed.person_id,
        addressed.channel,
        addressed.purpose,
        case
            when not addressed.has_address then 'no_address'
            when standing.stopped_by is not null then standing.stopped_by
            when standing.granted_at is null then 'no_consent'
            else 'allowed'
        end as reason
    from addressed
    left join standing
        on
            addressed.person_id = standing.person_id
            and addressed.channel = standing.channel
            and addressed.purpose = standing.purpose
),

final as (
    select
        person_id,
        cast(channel as {{ type_of('text') }}) as channel,
        cast(purpose as {{ type_of('text') }}) as purpose,
        reason = 'allowed' as allowed,
        cast(reason as {{ type_of('text') }}) as reason
    from reasoned
)

select * from final
