-- Every identifier by which a person is or was known, also those that join nobody: what a stop is looked up by.
-- Identity says whose an identifier is alone; a record's earlier versions, what it once held; golden, what is used.
{{ config(materialized='table') }}

with identifiers as (
    select * from {{ source('identity', 'person_identifiers') }}
),

merged as (
    select
        merged_person_id,
        person_id
    from {{ source('identity', 'merges') }}
),

shared as (
    select distinct identifier
    from {{ source('identity', 'shared_identifiers') }}
),

-- of who was one with others until a day, by what all of them were reached: the noes of that time stay with each
former_identifiers as (
    select * from {{ source('identity', 'former_identifiers') }}
),

golden as (
    select * from {{ ref('int_people__golden') }}
),

records as (
    select * from {{ ref('int_people__unioned') }}
),

{{ holdings('records') }},

people_of_records as (
    select
        record_id,
        person_id
    from {{ ref('int_people__matched') }}
    union
    -- also of a record that names its human otherwise by now
    select
        versions.record_id,
        identifiers.person_id
    from versions
    inner join identifiers on versions.person_ref = identifiers.identifier
    union
    -- and of one that is gone, by whatever it held
    select
        held.record_id,
        identifiers.person_id
    from held
    inner join identifiers on held.identifier = identifiers.identifier
    left join records on held.record_id = records.record_id
    where records.record_id is null
),

held_by_people as (
    select
        people_of_records.person_id,
        held_by_records.identifier,
        max(dropped.until_day) as until_day
    from held_by_records
    inner join people_of_records on held_by_records.record_id = people_of_records.record_id
    left join dropped
        on held_by_records.record_id = dropped.record_id and held_by_records.identifier = dropped.identifier
    group by people_of_records.person_id, held_by_records.identifier
),

holders as (
    select
        people_of_records.person_id,
        taken.identifier,
        min(taken.since_day) as since_day
    from taken
    inner join people_of_records on taken.record_id = people_of_records.record_id
    group by people_of_records.person_id, taken.identifier
),

-- given up by all records of the one, and held by a record of somebody else today: until it was given up and that one
-- came
given_up as (
    select
        held_by_people.person_id,
        held_by_people.identifier,
        greatest(max(held_by_people.until_day), min(heirs.since_day)) as until_day
    from held_by_people
    left join holders as still
        on held_by_people.person_id = still.person_id and held_by_people.identifier = still.identifier
    inner join holders as heirs
        on held_by_people.identifier = heirs.identifier and held_by_people.person_id <> heirs.person_id
    where held_by_people.until_day is not null and still.person_id is null
    group by held_by_people.person_id, held_by_people.identifier
),

{{ placed_words("overrides.field in ('email', 'phone')") }},

-- every address that a steward has ever set for them: what was said at it stays theirs when the word is taken back
set_by_stewards as (
    select
        current_person_id as person_id,
        case field when 'email' then {{ email_ref('value') }} else {{ phone_ref('value') }} end as identifier,
        case when count(answered_at) = count(*) then max({{ local_day('answered_at') }}) end as until_day
    from placed_words
    where verdict = 'set' and value is not null and current_person_id is not null
    group by
        current_person_id,
        case field when 'email' then {{ email_ref('value') }} else {{ phone_ref('value') }} end
),

-- a word that was taken back, on what is somebody else's today: until that, and that one came
taken_back as (
    select
        set_by_stewards.person_id,
        set_by_stewards.identifier,
        greatest(set_by_stewards.until_day, heirs.first_seen_day) as until_day
    from set_by_stewards
    inner join identifiers as heirs
        on set_by_stewards.identifier = heirs.identifier and set_by_stewards.person_id <> heirs.person_id
    left join held_by_people
        on
            set_by_stewards.person_id = held_by_people.person_id
            and set_by_stewards.identifier = held_by_people.identifier
    where set_by_stewards.until_day is not null and held_by_people.person_id is null
),

-- whose an identifier is that was another's before: since when
passed_on as (
    select
        person_id,
        identifier,
        max(from_day) as since_day
    from {{ source('identity', 'identifier_validity') }}
    where until_day is null
    group by person_id, identifier
),

devices as (
    select
        identifiers.person_id,
        visitors.device_ref as identifier
    from {{ ref('int_events__visitors') }} as visitors
    inner join identifiers on visitors.person_ref = identifiers.identifier
    where visitors.device_ref is not null
),

split_off as (
    select
        coalesce(merged.person_id, former_identifiers.person_id) as person_id,
        former_identifiers.identifier,
        max(former_identifiers.until_day) as until_day
    from former_identifiers
    left join merged on former_identifiers.person_id = merged.merged_person_id
    group by coalesce(merged.person_id, former_identifiers.person_id), former_identifiers.identifier
),

-- the forms that an address or number had before its table was read anew by another declaration: a no by one of them
-- reaches whoever holds what it is called now
respelt as (
    {{ respelt_identifiers() }}
),

held_respelt as (
    select
        held_by_people.person_id,
        respelt.former as identifier
    from held_by_people
    inner join respelt on held_by_people.identifier = respelt.current_form
    union
    select
        identifiers.person_id,
        respelt.former
    from identifiers
    inner join respelt on identifiers.identifier = respelt.current_form
),

every_point as (
    select person_id, identifier, 1 as own, case when kind = 'device' then 1 else 0 end as used from identifiers
    union all
    select person_id, {{ email_ref('email') }}, 0, 1 from golden
    union all
    select person_id, {{ phone_ref('phone') }}, 0, 1 from golden
    union all
    select person_id, identifier, 0, 0 from held_by_people
    union all
    select person_id, identifier, 0, 0 from held_respelt
    union all
    select person_id, identifier, 0, 0 from set_by_stewards
    union all
    select person_id, identifier, 0, 0 from devices
),

with_former as (
    select person_id, identifier, own, used, 0 as is_former from every_point
    union all
    select split_off.person_id, split_off.identifier, 0, 0, 1
    from split_off
    inner join golden on split_off.person_id = golden.person_id
),

points as (
    select
        person_id,
        identifier,
        max(own) as own,
        max(used) as used,
        min(is_former) as is_former
    from with_former
    where identifier is not null
    group by person_id, identifier
),

final as (
    select
        points.person_id,
        points.identifier,
        {{ dbt.split_part('points.identifier', "':'", 1) }} as kind,
        points.own = 1 as is_own,
        points.used = 1 as is_used,
        shared.identifier is not null as is_shared,
        case when points.own = 1 then passed_on.since_day end as since_day,
        case
            when points.is_former = 1 then split_off.until_day
            -- what was given up before the split counts until the split
            when points.own = 0 and points.used = 0 and given_up.until_day is not null
                then greatest(given_up.until_day, coalesce(split_off.until_day, given_up.until_day))
            when points.own = 0 and points.used = 0 and taken_back.until_day is not null
                then greatest(taken_back.until_day, coalesce(split_off.until_day, taken_back.until_day))
        end as until_day
    from points
    left join shared on points.identifier = shared.identifier
    left join split_off on points.person_id = split_off.person_id and points.identifier = split_off.identifier
    left join passed_on on points.person_id = passed_on.person_id and points.identifier = passed_on.identifier
    left join given_up on points.person_id = given_up.person_id and points.identifier = given_up.identifier
    left join taken_back on points.person_id = taken_back.person_id and points.identifier = taken_back.identifier
)

select * from final
