-- One row a line received: duplicates by message id are dropped in int_events__distinct, where days are built apart.
-- The shop gives its own customer and product numbers to Segment.
with events as (
    select * from {{ source('raw', 'segment_events__events') }}
    where _day <= {{ day() }}
),

final as (
    select
        {{ native_key('segment_events', 'message_id') }} as event_key,
        coalesce({{ id_ref('shop', 'user_id') }}, {{ email_ref('traits_email__normalised') }}) as person_ref,
        {{ device_ref('anonymous_id') }} as device_ref,
        occurred_at,
        received_at,
        case
            when type in ('page', 'screen') then 'page_viewed'
            when type = 'track' then lower(replace({{ clean('event') }}, ' ', '_'))
            else type
        end as event,
        case when lower(library_name) in ('analytics-ios', 'analytics-android') then 'app' else 'web' end as platform,
        'segment_events:' || coalesce(
            {{ clean('session_id') }},
            anonymous_id || ':' || cast(cast(occurred_at as date) as {{ type_of('text') }})
        ) as session_key,
        {{ native_key('sample_shop', 'product_id') }} as product_key,
        page_url,
        page_referrer as referrer,
        lower({{ clean('utm_source') }}) as utm_source,
        lower({{ clean('utm_medium') }}) as utm_medium,
        {{ clean('utm_campaign') }} as utm_campaign,
        {{ money('revenue') }} as revenue,
        {{ extra_columns('segment_events', 'events') }}
        _source,
        _day
    from events
)

select * from final
