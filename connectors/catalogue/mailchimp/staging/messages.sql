-- What became of campaigns' e-mails. A row of the activity holds all that is known of one e-mail so far, and comes anew
-- when more is: the key of each event knows those that came before.
with activity as (
    select *
    from {{ source('raw', '{source}__email_activity') }}
    where _day <= {{ day() }}
),

unsubscribes as (
    select *
    from {{ source('raw', '{source}__unsubscribes') }}
    where _day <= {{ day() }}
),

complaints as (
    select *
    from {{ source('raw', '{source}__abuse_reports') }}
    where _day <= {{ day() }}
),

cleaned as (
    select *
    from {{ source('raw', '{source}__members') }}
    where _day <= {{ day() }} and lower({{ clean('status') }}) = 'cleaned'
),

items as (
    select
        activity.campaign_id,
        activity.email_id,
        activity.email_address__normalised,
        {{ json_text('item', ['action']) }} as action,
        {{ json_text('item', ['type']) }} as bounce_type,
        {{ json_text('item', ['timestamp']) }} as at_text,
        {{ json_instant('item', ['timestamp']) }} as happened_at,
        {{ json_text('item', ['url']) }} as url,
        {{ json_text('item', ['ip']) }} as ip,
        activity._source,
        activity._day
    from activity {{ each_item('activity.activity', 'item') }}
),

happened as (
    select
        'sent' as event_id,
        campaign_id,
        email_id,
        email_address__normalised,
        'sent' as event,
        false as is_hard_bounce,
        cast(null as {{ type_of('text') }}) as url,
        cast(null as {{ type_of('text') }}) as ip,
        campaign_sent_at as occurred_at,
        _source,
        _day
    from activity
    union all
    select
        coalesce(action, '') || ':' || coalesce(at_text, '') || ':' || {{ dbt.hash("coalesce(url, '')") }} as event_id,
        campaign_id,
        email_id,
        email_address__normalised,
        case action when 'open' then 'opened' when 'click' then 'clicked' when 'bounce' then 'bounced' else action end
            as event,
        coalesce(action, '') = 'bounce' and coalesce(bounce_type, 'hard') <> 'soft' as is_hard_bounce,
        {{ clean('url') }} as url,
        {{ clean('ip') }} as ip,
        happened_at as occurred_at,
        _source,
        _day
    from items
    union all
    select
        'unsubscribed' as event_id,
        campaign_id,
        email_id,
        email_address__normalised,
        'unsubscribed' as event,
        false as is_hard_bounce,
        cast(null as {{ type_of('text') }}) as url,
        cast(null as {{ type_of('text') }}) as ip,
        unsubscribed_at as occurred_at,
        _source,
        _day
    from unsubscribes
    union all
    select
        'complained' as event_id,
        campaign_id,
        email_id,
        email_address__normalised,
        'complained' as event,
        false as is_hard_bounce,
        cast(null as {{ type_of('text') }}) as url,
        cast(null as {{ type_of('text') }}) as ip,
        reported_at as occurred_at,
        _source,
        _day
    from complaints
),

reports as (
    {{ newest_version(source('raw', '{source}__reports'), ['id'], 'send_time') }}
),

final as (
    select
        '{source}:' || happened.campaign_id || ':' || happened.email_id || ':' || happened.event_id
            as message_event_key,
        '{source}:' || happened.campaign_id || ':' || happened.email_id as message_key,
        {{ email_ref('happened.email_address__normalised') }} as person_ref,
        happened.email_address__normalised as email,
        'email' as channel,
        coalesce({{ clean('reports.campaign_title') }}, {{ clean('reports.subject_line') }}) as campaign,
        happened.event,
        happened.is_hard_bounce,
        happened.url,
        happened.ip,
        happened.occurred_at,
        happened._source,
        happened._day
    from happened
    inner join reports on happened.campaign_id = reports.id
    union all
    select
        '{source}:' || list_id || ':' || id || ':cleaned' as message_event_key,
        '{source}:' || list_id || ':' || id as message_key,
        {{ email_ref('email_address__normalised') }} as person_ref,
        email_address__normalised as email,
        'email' as channel,
        cast(null as {{ type_of('text') }}) as campaign,
        'bounced' as event,
        true as is_hard_bounce,
        cast(null as {{ type_of('text') }}) as url,
        cast(null as {{ type_of('text') }}) as ip,
        last_changed as occurred_at,
        _source,
        _day
    from cleaned
)

select * from final
