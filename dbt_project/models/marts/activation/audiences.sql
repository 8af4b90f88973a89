-- A segment after consent, suppression, holdout and caps: the only people who may reach a channel. Events:
-- feed_audiences.
with syncs as (
    select * from {{ source('activation', 'syncs') }}
    where enabled
),

suppressed as (
    {{ suppressed_people() }}
),

contactability as (
    select * from {{ ref('contactability') }}
),

people as (
    select
        people.person_id,
        household_people.household_id,
        account_people.account_id,
        coalesce(household_people.is_head, false) as is_head
    from {{ source('identity', 'people') }} as people
    left join {{ source('identity', 'household_people') }} as household_people
        on people.person_id = household_people.person_id
    left join {{ source('identity', 'account_people') }} as account_people
        on people.person_id = account_people.person_id
),

members as (
    select
        membership.segment,
        membership.person_id,
        people.household_id,
        people.account_id,
        coalesce(people.is_head, false) as is_head
    from {{ ref('segment_membership') }} as membership
    left join people on membership.person_id = people.person_id
    where membership.left_day is null
),

-- contacts on the sync's own channel in its last days, D included, of each whom its cap counts
contacts as (
    select
        syncs.sync,
        {{ unit_of('syncs.cap_per', 'people') }} as unit,
        count(*) as touches
    from {{ ref('touches') }} as touches
    inner join syncs on touches.channel = syncs.contact_channel
    inner join people on touches.person_id = people.person_id
    where
        touches.kind = 'message'
        and touches.touched_on <= {{ day() }}
        and {{ days_between('touches.touched_on', day()) }} < syncs.cap_days
    group by syncs.sync, {{ unit_of('syncs.cap_per', 'people') }}
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

judged as (
    select
        syncs.sync,
        members.person_id,
        syncs.identifier,
        syncs.cap_touches,
        members.is_head,
        {{ unit_of('syncs.cap_per', 'members') }} as unit,
        case
            when suppressed.person_id is not null then 'suppressed'
            {{ when_not_allowed() }}
            when
                substring({{ dbt.hash("syncs.sync || " ~ unit_of('syncs.holdout_per', 'members')) }}, 1, 8)
                < syncs.holdout_below
                then 'held_out'
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
),

-- of a household or an account the same ones every night: its head, then the least person_id
placed as (
    select
        sync,
        person_id,
        row_number() over (partition by sync, unit order by is_head desc, person_id) as place
    from judged
    where reason = 'included' and cap_touches is not null
),

reasoned as (
    select
        judged.sync,
        judged.person_id,
        judged.identifier,
        case
            when placed.place > judged.cap_touches - coalesce(contacts.touches, 0) then 'capped'
            else judged.reason
        end as reason
    from judged
    left join placed on judged.sync = placed.sync and judged.person_id = placed.person_id
    left join contacts on judged.sync = contacts.sync and judged.unit = contacts.unit
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
