-- One row an event received; duplicates are dropped in int_messages__distinct. `deferred` and `group_resubscribe` say
-- nothing about what reached a person and are left out; `dropped` says that SendGrid knows a no or a bounce of the
-- address, or that something was wrong with the message or the account. Of refused events other words come here, and
-- none: the rule of consent judges them.
with events as (
    select
        *,
        case
            when event = 'processed' then 'sent'
            when event = 'delivered' then 'delivered'
            when event = 'open' then 'opened'
            when event = 'click' then 'clicked'
            when event = 'bounce' or lower(dropped_for) in ('bounced address', 'invalid') then 'bounced'
            when event = 'spamreport' or lower(dropped_for) = 'spam reporting address' then 'complained'
            when event in ('unsubscribe', 'group_unsubscribe') or lower(dropped_for) = 'unsubscribed address'
                then 'unsubscribed'
            when lower(dropped_for) in ('invalid smtpapi header', 'spam content', 'recipient list over package quota')
                then 'deferred'
            else event
        end as message_event
    from (
        select
            *,
            case when event = 'dropped' then {{ clean('reason') }} end as dropped_for
        from {{ source('raw', 'sendgrid_events__events') }}
        where _day <= {{ day() }}
    ) as received
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
