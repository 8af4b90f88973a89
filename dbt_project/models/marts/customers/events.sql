-- A view: the rows are built a day at a time in int_events__distinct, who they belong to is looked up as identity
-- stands.
{{ config(materialized='view') }}

with events as (
    select
        {{ columns_of('events', 'distinct_events') }},
        identifiers.person_id,
        distinct_events.occurred_on,
        distinct_events.occurred_hour
    from {{ ref('int_events__distinct') }} as distinct_events
    left join {{ source('identity', 'person_identifiers') }} as identifiers
        on coalesce(distinct_events.person_ref, distinct_events.device_ref) = identifiers.identifier
),

products as (
    select * from {{ ref('products') }}
),

final as (
    select
        events.*,
        products.category
    from events
    left join products on events.product_key = products.product_key
)

select * from final
