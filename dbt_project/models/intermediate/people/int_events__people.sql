-- What profiles say of the web and the app beside day D of int_features__web. One row a person with an event.
{{ config(materialized='table') }}

with passed_on as (
    select distinct identifier
    from {{ source('identity', 'identifier_validity') }}
),

visitors as (
    select
        coalesce(person_ref, device_ref) as identifier,
        first_at,
        last_at,
        last_cart_at
    from {{ ref('int_events__visitors') }}
    where first_at is not null
),

-- what one human alone was ever known by is theirs whatever the day
visits as (
    select
        identifiers.person_id,
        visitors.first_at,
        visitors.last_at,
        visitors.last_cart_at
    from visitors
    inner join {{ source('identity', 'person_identifiers') }} as identifiers
        on visitors.identifier = identifiers.identifier
    left join passed_on on visitors.identifier = passed_on.identifier
    where passed_on.identifier is null
    union all
    select
        person_id,
        first_at,
        last_at,
        last_cart_at
    from (
        {{ known_visits(
            'occurred_on <= ' ~ day()
            ~ ' and coalesce(person_ref, device_ref) in (select passed_on.identifier from passed_on)'
        ) | indent(8) }}
    ) as by_day
),

final as (
    select
        person_id,
        min(first_at) as first_event_at,
        max(last_at) as last_event_at,
        max(last_cart_at) as last_cart_at
    from visits
    group by person_id
)

select * from final
