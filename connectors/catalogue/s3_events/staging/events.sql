-- One row a line received; lines that come twice have one message_id, and are dropped in int_events__distinct.
with events as (
    select * from {{ source('raw', '{source}__events') }}
    where _day <= {{ day() }}
),

final as (
    select
        {{ native_key('{source}', 'message_id') }} as event_key,
        coalesce(
            {{ id_ref('{people}', 'user_id') }},
            {{ email_ref('traits_email__normalised') }},
            {{ email_ref('context_email__normalised') }}
        ) as person_ref,
        {{ device_ref('anonymous_id') }} as device_ref,
        occurred_at,
        coalesce(received_at, occurred_at) as received_at,
        case
            when type in ('page', 'screen') then 'page_viewed'
            when type = 'track' then lower(replace({{ clean('event') }}, ' ', '_'))
            else type
        end as event,
        case
            when lower(library_name) like '%ios%' or lower(library_name) like '%android%' then 'app'
            else 'web'
        end as platform,
        '{source}:' || coalesce(
            {{ clean('session_id') }},
            anonymous_id || ':' || cast(cast(occurred_at as date) as {{ type_of('text') }})
        ) as session_key,
        {{ native_key('{shop}', 'product_id') }} as product_key,
        page_url,
        page_referrer as referrer,
        lower({{ clean('utm_source') }}) as utm_source,
        lower({{ clean('utm_medium') }}) as utm_medium,
        {{ clean('utm_campaign') }} as utm_campaign,
        {{ money('revenue') }} as revenue,
        {{ extra_columns('{source}', 'events') }}
        _source,
        _day
    from events
)

select * from final
