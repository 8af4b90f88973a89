-- A feed's events after consent, suppression and age: the only ones that may reach a channel.
with syncs as (
    select * from {{ source('activation', 'syncs') }}
    where enabled and feed is not null
),

events as (
    {{ feed_events(var('feeds')) }}
),

profiles as (
    select person_id from {{ ref('profiles') }}
),

suppressed as (
    {{ suppressed_people() }}
),

contactability as (
    select * from {{ ref('contactability') }}
),

reasoned as (
    select
        syncs.sync,
        events.event_id,
        events.person_id,
        events.occurred_at,
        case
            when profiles.person_id is null then 'no_person'
            when suppressed.person_id is not null then 'suppressed'
            {{ when_not_allowed() }}
            when {{ days_between(local_day('events.occurred_at'), day()) }} > syncs.max_age_days then 'too_old'
            else 'included'
        end as reason
    from syncs
    inner join events on syncs.feed = events.feed
    left join profiles on events.person_id = profiles.person_id
    left join suppressed on events.person_id = suppressed.person_id
    left join contactability
        on
            events.person_id = contactability.person_id
            and syncs.contact_channel = contactability.channel
            and syncs.purpose = contactability.purpose
),

final as (
    select
        sync,
        event_id,
        person_id,
        occurred_at,
        reason = 'included' as included,
        cast(reason as {{ type_of('text') }}) as reason
    from reasoned
)

select * from final
