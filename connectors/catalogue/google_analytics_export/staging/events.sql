-- One row a line received. An event has no number of its own: it is known by its browser, its instant, its name and
-- its place in what the browser sent.
{%- set params = {
    'page_url': '"key": *"page_location"[^}]*"string_value": *"([^"]*)"',
    'referrer': '"key": *"page_referrer"[^}]*"string_value": *"([^"]*)"',
    'session': '"key": *"ga_session_id"[^}]*"int_value": *"?([0-9]+)',
} %}
{%- set names = {
    'page_view': 'page_viewed', 'screen_view': 'page_viewed', 'view_item': 'product_viewed',
    'view_item_list': 'product_list_viewed', 'add_to_cart': 'product_added', 'begin_checkout': 'checkout_started',
    'purchase': 'order_completed', 'sign_up': 'signed_up',
} %}

with events as (
    select * from {{ source('raw', '{source}__events') }}
    where _day <= {{ day() }}
),

numbered as (
    select
        *,
        coalesce(user_pseudo_id, '') || ':' || cast(event_timestamp as {{ type_of('text') }}) || ':' || event_name
        || ':' || coalesce(event_bundle_sequence_id, '') || ':' || coalesce(batch_page_id, '')
        || ':' || coalesce(batch_event_index, '') as place
    from events
),

final as (
    select
        '{source}:' || {{ dbt.hash('place') }} as event_key,
        coalesce({{ email_ref('user_email__normalised') }}, {{ id_ref('{people}', 'user_id') }}) as person_ref,
        {{ device_ref('user_pseudo_id') }} as device_ref,
        event_timestamp as occurred_at,
        event_timestamp as received_at,
        case event_name
            {%- for name, ours in names.items() %}
            when '{{ name }}' then '{{ ours }}'
            {%- endfor %}
            else lower(replace({{ clean('event_name') }}, ' ', '_'))
        end as event,
        case upper(platform) when 'WEB' then 'web' when 'IOS' then 'app' when 'ANDROID' then 'app' end as platform,
        '{source}:' || user_pseudo_id || ':' || coalesce(
            {{ captured('event_params', params.session) }},
            cast(cast(event_timestamp as date) as {{ type_of('text') }})
        ) as session_key,
        {{ native_key('{shop}', 'item_id') }} as product_key,
        {{ captured('event_params', params.page_url) }} as page_url,
        {{ captured('event_params', params.referrer) }} as referrer,
        lower({{ clean('manual_source') }}) as utm_source,
        lower({{ clean('manual_medium') }}) as utm_medium,
        {{ clean('manual_campaign_name') }} as utm_campaign,
        case when event_name = 'purchase' then {{ money('purchase_revenue') }} end as revenue,
        {{ extra_columns('{source}', 'events') }}
        _source,
        _day
    from numbered
)

select * from final
