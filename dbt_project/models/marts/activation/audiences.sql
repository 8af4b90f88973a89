-- A segment after consent, suppression, holdout and caps: the only thing that may reach a channel.
with syncs as (
    select * from {{ source('activation', 'syncs') }}
    where enabled
),

members as (
    select
        segment,
        person_id
    from {{ ref('segment_membership') }}
    where left_day is null
),

suppressed as (
    select distinct identifiers.person_id
    from {{ source('identity', 'person_identifiers') }} as identifiers
    inner join {{ ref('suppressed_identifiers') }} as listed
        on {{ dbt.hash('identifiers.identifier') }} = listed.identifier_md5
),

contactability as (
    select * from {{ ref('contactability') }}
),

-- contacts on the sync's own channel in its last days, D included
contacts as (
    select
        syncs.sync,
        touches.person_id,
        count(*) as touches
    from {{ ref('touches') }} as touches
    inner join syncs on touches.channel = syncs.contact_channel
    where
        touches.kind = 'message'
        and touches.person_id is not null
        and touches.touched_on <= {{ day() }}
        and {{ dbt.datediff('touches.touched_on', day(), 'day') }} < syncs.cap_days
    group by syncs.sync, touches.person_id
),

reasoned as (
    select
        syncs.sync,
        members.person_id,
        case
            when suppressed.person_id is not null then 'suppressed'
            when syncs.contact_channel <> 'none' and not coalesce(contactability.allowed, false)
                then coalesce(contactability.reason, 'no_consent')
            when substring({{ dbt.hash('syncs.sync || members.person_id') }}, 1, 8) < syncs.holdout_below then 'held_out'
            when contacts.touches >= syncs.cap_touches then 'capped'
            else 'included'
        end as reason
    from syncs
    inner join members on syncs.segment = members.segment
    left join suppressed on members.person_id = suppressed.person_id
    left join contactability
        on
            members.person_id = contactability.person_id
            and syncs.contact_channel = contactability.channel
            and syncs.purpose = contactability.purpose
    left join contacts on syncs.sync = contacts.sync and members.person_id = contacts.person_id
),

final as (
    select
        sync,
        person_id,
        reason = 'included' as included,
        cast(reason as {{ type_of('text') }}) as reason
    from reasoned
)

select * from final
