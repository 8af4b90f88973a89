-- One row an event received; what comes twice has one event_id, and is dropped in int_events__distinct.
{%- set names = {
    'page_view': 'page_viewed', 'screen_view': 'page_viewed', 'transaction': 'order_completed',
    'product_view': 'product_viewed', 'add_to_cart': 'product_added', 'sign_up': 'signed_up',
    'checkout_step': 'checkout_started', 'purchase': 'order_completed',
} %}

with events as (
    select * from {{ source('raw', '{source}__events') }}
    where _day <= {{ day() }}
),

named as (
    select
        *,
        coalesce(
            case when event_name = 'event' then lower(replace({{ clean('se_action') }}, ' ', '_')) end,
            event_name
        ) as name
    from events
    -- a ping says that a page is still open, and a line of a transaction stands in the shop's own orders
    where event_name not in ('page_ping', 'transaction_item')
),

final as (
    select
        {{ native_key('{source}', 'event_id') }} as event_key,
        coalesce({{ email_ref('user_email__normalised') }}, {{ id_ref('{people}', 'user_id') }}) as person_ref,
        {{ device_ref('coalesce(domain_userid, network_userid)') }} as device_ref,
        coalesce(derived_tstamp, collector_tstamp) as occurred_at,
        collector_tstamp as received_at,
        case name
            {%- for snowplow, ours in names.items() %}
            when '{{ snowplow }}' then '{{ ours }}'
            {%- endfor %}
            else name
        end as event,
        case when platform = 'web' then 'web' when platform in ('mob', 'app') then 'app' end as platform,
        {{ native_key('{source}', 'domain_sessionid') }} as session_key,
        {{ native_key('{shop}', 'ti_sku') }} as product_key,
        page_url,
        page_referrer as referrer,
        lower({{ clean('mkt_source') }}) as utm_source,
        lower({{ clean('mkt_medium') }}) as utm_medium,
        {{ clean('mkt_campaign') }} as utm_campaign,
        {{ money('tr_total') }} as revenue,
        {{ extra_columns('{source}', 'events') }}
        _source,
        _day
    from named
)

select * from final
