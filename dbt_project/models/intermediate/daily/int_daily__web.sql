-- What was done on the web and in the app, summed up: one row a slice, whoever the source says it was, visit and local
-- day. Whose it is, is looked up by whoever reads it. Incremental by slice: see macros/slices.sql.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook=[
        "{{ narrow_whole_numbers(['product_views', 'carts', 'checkouts']) }}",
        "{{ forget_slices_not_summed(ref('int_events__distinct')) }}",
    ],
) }}
{%- set days = days_not_summed(ref('int_events__distinct')) %}

with events as (
    {{ rows_not_summed(ref('int_events__distinct'), days) }}
),

summed as (
    select
        _source,
        _day,
        person_ref,
        device_ref,
        session_key,
        occurred_on,
        count(*) as row_count,
        {{ count_of("event = 'product_viewed'") }} as product_views,
        {{ count_of("event = 'product_added'") }} as carts,
        {{ count_of("event = 'checkout_started'") }} as checkouts,
        min(occurred_at) as first_at,
        max(occurred_at) as last_at,
        max(case when event = 'product_added' then occurred_at end) as last_cart_at
    from events
    group by _source, _day, person_ref, device_ref, session_key, occurred_on
),

-- of a slice all rows have one content: beside the sums it would be kept for each of them
contents as (
    select
        _source,
        _day,
        max(_slice_content) as _slice_content
    from {{ ref('int_events__distinct') }}
    where {{ days }}
    group by _source, _day
),

final as (
    select
        summed._source,
        summed._day,
        summed.person_ref,
        summed.device_ref,
        summed.session_key,
        summed.occurred_on,
        contents._slice_content,
        summed.row_count,
        summed.product_views,
        summed.carts,
        summed.checkouts,
        summed.first_at,
        summed.last_at,
        summed.last_cart_at
    from summed
    inner join contents on summed._source = contents._source and summed._day = contents._day
)

select * from final
