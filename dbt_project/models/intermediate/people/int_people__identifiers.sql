-- Which identifiers were seen together on one record: what `fairlead resolve` joins into people.
-- A record is a person record, a device seen with exactly one user, or a lone reference from any other entity.
{{ config(materialized='table') }}
{%- set overrides = source('identity', 'overrides') %}
{%- set has_set_addresses = has_rows(overrides, "field in ('email', 'phone')") %}

{% set mentions = [
    'orders', 'consents', 'deals', 'subscriptions', 'tickets', 'survey_answers', 'registrations', 'social_posts',
] %}

with people as (
    select
        *,
        {{ first_seen('created_at') }} as first_seen_day
    from {{ ref('int_people__unioned') }}
),

known_visitors as (
    select
        device_ref,
        person_ref,
        first_seen_day
    from {{ ref('int_events__visitors') }}
    where person_ref is not null
),

device_users as (
    select * from known_visitors
    where device_ref is not null
),

-- a family's or a shop's device must not join its users; with its one user all that it did before is theirs
devices_of_one as (
    select device_ref
    from device_users
    group by device_ref
    having
        '{{ var('devices', 'one_user') }}' = 'one_user'
        and count(distinct case when person_ref like 'id:%' then person_ref end) <= 1
        and count(distinct case when person_ref like 'email:%' then person_ref end) <= 1
),

from_people as (
    {%- for identifier in record_identifiers('people') %}
    select record_id, {{ identifier }} as identifier, first_seen_day from people
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

from_devices as (
    select device_users.device_ref as record_id, device_users.person_ref as identifier, device_users.first_seen_day
    from device_users
    inner join devices_of_one on device_users.device_ref = devices_of_one.device_ref
    union all
    select device_users.device_ref, device_users.device_ref, device_users.first_seen_day
    from device_users
    inner join devices_of_one on device_users.device_ref = devices_of_one.device_ref
),

from_elsewhere as (
    select person_ref as record_id, person_ref as identifier, min(first_seen_day) as first_seen_day
    from known_visitors
    group by person_ref
    union all
    select person_ref, person_ref, min(least(occurred_on, _day))
    from {{ ref('int_messages__distinct') }}
    where person_ref is not null
    group by person_ref
    {%- for entity in mentions %}
    union all
    select person_ref, person_ref, min({{ first_seen(instant_of(entity)) }})
    from {{ ref('int_' ~ entity ~ '__unioned') }}
    where person_ref is not null
    group by person_ref
    {%- endfor %}
),

every_mention as (
    select * from from_people
    union all
    select * from from_devices
    union all
    select * from from_elsewhere
),

{% if has_set_addresses -%}
-- an address that a steward has set is known of the record that it was set for, like one that the record holds
set_addresses as (
    select
        record_id,
        identifier,
        first_seen_day
    from (
        select
            overrides.record_id,
            case overrides.field
                when 'email' then {{ email_ref('overrides.value') }}
                when 'phone' then {{ phone_ref('overrides.value') }}
            end as identifier,
            least({{ local_day('overrides.decided_at') }}, {{ day() }}) as first_seen_day,
            overrides.verdict,
            row_number() over (
                partition by overrides.record_id, overrides.field
                order by overrides.decided_at desc, {{ tie_break('overrides.override_id') }}
            ) as newest_first
        from {{ overrides }} as overrides
        where overrides.field in ('email', 'phone')
    ) as words
    where
        newest_first = 1
        and verdict = 'set'
        and identifier is not null
        and record_id in (select record_id from every_mention)
),

with_set_addresses as (
    select * from every_mention
    union all
    select * from set_addresses
),
{% endif %}
final as (
    select
        record_id,
        identifier,
        {{ dbt.split_part('identifier', "':'", 1) }} as kind,
        min(first_seen_day) as first_seen_day
    from {{ 'with_set_addresses' if has_set_addresses else 'every_mention' }}
    where record_id is not null and identifier is not null
    group by record_id, identifier
)

select * from final
