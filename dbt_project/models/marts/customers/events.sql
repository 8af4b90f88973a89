-- A view: the rows are built a day at a time in int_events__distinct, who they belong to is looked up as identity
-- stands.
{{ config(materialized='view') }}

with events as (
    select
        {{ columns_of('events', 'distinct_events') }},
        {{ person_then() }} as person_id,
        distinct_events.occurred_on,
        distinct_events.occurred_hour
    from {{ ref('int_events__distinct') }} as distinct_events
    {{ join_person(
        'coalesce(distinct_events.person_ref, distinct_events.device_ref)', 'distinct_events.occurred_on'
    ) }}
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
