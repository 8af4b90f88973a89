-- One row an event received; duplicates are dropped in int_messages__distinct. `deferred` and `group_resubscribe` say
-- nothing about what reached a person and are left out; `dropped` says that SendGrid knows a no or a bounce of the
-- address, or that something was wrong with the message or the account. Of refused events other words come here, and
-- none: the rule of consent judges them.
with received as (
    select
        *,
        case
            when event <> 'dropped' then event
            when {{ has_word('reason', ['unsubscribed?']) }} then 'unsubscribe'
            when {{ has_word('reason', ['spam report(ing)?']) }} then 'spamreport'
            when {{ has_word('reason', ['bounced?', 'invalid( address)?$']) }} then 'bounce'
            when {{ has_word('reason', ['spam', 'header', 'quota', 'size', 'disabled', 'tls']) }} then 'deferred'
            else event
        end as known_event
    from {{ source('raw', 'sendgrid_events__events') }}
    where _day <= {{ day() }}
),

events as (
    select
        *,
        case known_event
            when 'processed' then 'sent'
            when 'delivered' then 'delivered'
            when 'open' then 'opened'
            when 'click' then 'clicked'
            when 'bounce' then 'bounced'
            when 'spamreport' then 'complained'
            when 'unsubscribe' then 'unsubscribed'
            when 'group_unsubscribe' then 'unsubscribed'
            else known_event
        end as message_event
    from received
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
    where message_event is null or message_event not in ('deferred', 'group_resubscribe')
)

select * from final
