-- One row an event received; duplicates are dropped in int_messages__distinct. `deferred`, `dropped` and
-- `group_resubscribe` say nothing about what reached a person and are left out. Of refused events other words come
-- here, and none: the rule of consent judges them.
with events as (
    select
        *,
        case event
            when 'processed' then 'sent'
            when 'delivered' then 'delivered'
            when 'open' then 'opened'
            when 'click' then 'clicked'
            when 'bounce' then 'bounced'
            when 'spamreport' then 'complained'
            when 'unsubscribe' then 'unsubscribed'
            when 'group_unsubscribe' then 'unsubscribed'
            else event
        end as message_event
    from {{ source('raw', 'sendgrid_events__events') }}
    where _day <= {{ day() }}
),

final as (
    select
        {{ native_key('sendgrid_events', 'sg_event_id') }} as message_event_key,
        {{ native_key('sendgrid_events', 'sg_message_id') }} as message_key,
        {{ email_ref('email__normalised') }} as person_ref,
        'email' as channel,
        {{ clean('campaign') }} as campaign,
        message_event as event,
        message_event = 'bounced' and coalesce(type, 'bounce') <> 'blocked' as is_hard_bounce,
        {{ clean('url') }} as url,
        {{ clean('user_agent') }} as user_agent,
        {{ clean('ip') }} as ip,
        occurred_at,
        {{ extra_columns('sendgrid_events', 'messages') }}
        _source,
        _day
    from events
    where event is null or event not in ('deferred', 'dropped', 'group_resubscribe')
)

select * from final
