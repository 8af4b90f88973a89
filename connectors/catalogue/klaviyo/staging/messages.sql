-- Events of Klaviyo's own kinds that tell what became of a message, known by what the kind is called, whatever else an
-- account has; and addresses that bounced for good, from the profiles.
with events as (
    select *
    from {{ source('raw', '{source}__events') }}
    where _day <= {{ day() }}
),

metrics as (
    {{ newest_version(source('raw', '{source}__metrics'), ['id']) }}
),

profiles as (
    {{ newest_version(source('raw', '{source}__profiles'), ['id'], 'updated') }}
),

named as (
    select
        events.*,
        lower({{ clean('metrics.name') }}) as metric,
        profiles.email__normalised as email,
        profiles.phone_number__normalised as phone
    from events
    inner join metrics on events.metric_id = metrics.id
    inner join profiles on events.profile_id = profiles.id
),

worded as (
    select
        *,
        case
            when metric like '%sms%' then 'sms'
            when metric like '%push%' then 'push'
            else 'email'
        end as channel,
        case
            when metric in ('received email', 'received sms', 'received push') then 'delivered'
            when metric in ('opened email', 'opened push') then 'opened'
            when metric in ('clicked email', 'clicked sms') then 'clicked'
            when metric in ('bounced email', 'bounced push', 'failed to deliver sms') then 'bounced'
            when metric = 'marked email as spam' then 'complained'
            when metric like 'unsubscribed%' then 'unsubscribed'
        end as event
    from named
),

final as (
    select
        {{ native_key('{source}', 'id') }} as message_event_key,
        '{source}:' || coalesce({{ clean('message_id') }}, id) || ':' || coalesce({{ clean('profile_id') }}, '')
            as message_key,
        {{ id_ref('{source}', 'profile_id') }} as person_ref,
        case when channel = 'email' then email end as email,
        case when channel = 'sms' then phone end as phone,
        channel,
        coalesce({{ clean('campaign_name') }}, {{ clean('subject') }}) as campaign,
        event,
        channel = 'email' and event = 'bounced' and coalesce(lower({{ clean('bounce_type') }}), 'hard') <> 'soft'
            as is_hard_bounce,
        {{ clean('url') }} as url,
        occurred_at,
        _source,
        _day
    from worded
    where event is not null
    union all
    select
        '{source}:bounced:' || profiles.id || ':' || {{ json_text('item', ['reason']) }} as message_event_key,
        '{source}:bounced:' || profiles.id as message_key,
        {{ id_ref('{source}', 'profiles.id') }} as person_ref,
        profiles.email__normalised as email,
        cast(null as {{ type_of('text') }}) as phone,
        'email' as channel,
        cast(null as {{ type_of('text') }}) as campaign,
        'bounced' as event,
        true as is_hard_bounce,
        cast(null as {{ type_of('text') }}) as url,
        {{ json_instant('item', ['timestamp']) }} as occurred_at,
        profiles._source,
        profiles._day
    from profiles {{ each_item('profiles.email_suppression', 'item') }}
    where {{ json_text('item', ['reason']) }} in ('HARD_BOUNCE', 'INVALID_EMAIL')
)

select * from final
