-- A segment after consent, suppression, holdout and caps: the only people who may reach a channel. Events:
-- feed_audiences.
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
    {{ suppressed_people() }}
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

-- People whom the sync's channel cannot tell apart: only the first of them may be there, or they would overwrite each
-- other.
shared_emails as (
    select email
    from {{ ref('int_people__golden') }}
    where email is not null
    group by email
    having count(*) > 1
),

shared_phones as (
    select phone
    from {{ ref('int_people__golden') }}
    where phone is not null
    group by phone
    having count(*) > 1
),

alike as (
    select
        profiles.person_id,
        'email' as identifier,
        profiles.email as value
    from {{ ref('int_people__golden') }} as profiles
    inner join shared_emails on profiles.email = shared_emails.email
    union all
    select
        profiles.person_id,
        'phone' as identifier,
        profiles.phone as value
    from {{ ref('int_people__golden') }} as profiles
    inner join shared_phones on profiles.phone = shared_phones.phone
),

reasoned as (
    select
        syncs.sync,
        members.person_id,
        syncs.identifier,
        case
            when suppressed.person_id is not null then 'suppressed'
            {{ when_not_allowed() }}
            when substring({{ dbt.hash('syncs.sync || members.person_id') }}, 1, 8) < syncs.holdout_below
                then 'held_out'
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

-- of those who would be included; the least person_id, whatever the day, so that they do not take turns
duplicates as (
    select
        reasoned.sync,
        reasoned.person_id,
        row_number() over (partition by reasoned.sync, alike.value order by reasoned.person_id) as place
    from reasoned
    inner join alike on reasoned.person_id = alike.person_id and reasoned.identifier = alike.identifier
    where reasoned.reason = 'included'
),

final as (
    select
        reasoned.sync,
        reasoned.person_id,
        reasoned.reason = 'included' and coalesce(duplicates.place, 1) = 1 as included,
        cast(
            case when duplicates.place > 1 then 'duplicate_identifier' else reasoned.reason end as {{ type_of('text') }}
        ) as reason
    from reasoned
    left join duplicates on reasoned.sync = duplicates.sync and reasoned.person_id = duplicates.person_id
)

select * from final
