{#
    The one rule of consent; docs/reference/consent.md says it in words. Who said what, about which channel and purpose,
    when, by which identifier: `statements`. Whom that reaches, and whether it was answered: `consent_standing`.
#}

{% macro contact_channels() -%}
    {%- for channel in ['email', 'sms', 'push', 'ads', 'mail'] %}
    select '{{ channel }}' as channel {% if not loop.last %}union all{% endif %}
    {%- endfor %}
{%- endmacro %}

{% macro contact_purposes() -%}
    select 'marketing' as purpose union all select 'profiling' as purpose
{%- endmacro %}

{# A word as the rule reads it: lower case, no white space around it, NULL when nothing is left. #}
{% macro word(column) -%} lower({{ clean(column) }}) {%- endmacro %}

{# A word that is known, or 'any'; NULL otherwise. #}
{% macro known_word(column, words) -%}
    case
        when {{ word(column) }} in ('any'{% for known in words %}, '{{ known }}'{% endfor %})
            then {{ word(column) }}
    end
{%- endmacro %}

{% macro channel_word(column) -%} {{ known_word(column, ['email', 'sms', 'push', 'ads', 'mail']) }} {%- endmacro %}

{% macro purpose_word(column) -%} {{ known_word(column, ['marketing', 'profiling']) }} {%- endmacro %}

{% macro is_grant(row) -%} coalesce({{ word(row ~ '.status') }} = 'granted', false) {%- endmacro %}

{#
    An event of a message as the rule reads it: unsubscribed, complained or bounced, in whatever words a vendor has;
    NULL where its words are known to stop nobody. A word that nobody knows, and none, stops: as an unknown status of a
    consent does. Letters alone count, and what they hold: link_unsubscribe, SpamComplaint, "Unsubscribed from List",
    hard-bounce.
#}
{% macro stopping_word(event) -%}
    case
        -- nearly all rows: no more is asked of them
        when {{ event }} in ('sent', 'delivered', 'opened', 'clicked') then null
        else coalesce({{ known_stop(event) }}, case when {{ is_harmless(event) }} then null else 'unsubscribed' end)
    end
{%- endmacro %}

{# Whether the rule has a meaning for the word; of none it has not. #}
{% macro is_known_word(event) -%}
    coalesce({{ event }} in ('sent', 'delivered', 'opened', 'clicked')
        or {{ known_stop(event) }} is not null or {{ is_harmless(event) }}, false)
{%- endmacro %}

{% macro known_stop(event) -%}
    case
        when
            {{ holds_one_of(event, [
                'unsub', 'optout', 'optedout', 'withdraw', 'withdrew', 'revoke', 'donot', 'suppress', 'blacklist',
                'remov',
            ]) }}
            or {{ letters(event) }} in ('stop', 'stopall', 'stopped')
            then 'unsubscribed'
        when {{ holds_one_of(event, ['complain', 'spam', 'abuse', 'junk']) }} then 'complained'
        when {{ is_failure(event) }} and not {{ is_passing(event) }} then 'bounced'
    end
{%- endmacro %}

{% macro is_failure(event) -%}
    {{ holds_one_of(event, ['bounce', 'cleaned', 'fail', 'undeliver', 'reject', 'invalid', 'block']) }}
{%- endmacro %}

{# A failure that says of itself that it will pass. #}
{% macro is_passing(event) -%}
    {{ holds_one_of(event, ['soft', 'tempora', 'transient', 'delay', 'unbounce']) }}
{%- endmacro %}

{# A bounce whose word says that the address is gone for good. #}
{% macro is_hard_word(event) -%}
    {{ holds_one_of(event, ['hard', 'permanent', 'cleaned', 'undeliver', 'reject', 'invalid', 'block']) }}
{%- endmacro %}

{#
    A word that tells of a message's way, or that somebody has read it: put together of these words alone, with words
    that say nothing beside one that does (openedemail, users.messages.email.Delivery, gesendet). Their letters, so an
    accent is left out.
#}
{% macro is_harmless(event) -%}
    {%- set beside = [
        'emails', 'email', 'mails', 'mail', 'messages', 'message', 'msg', 'sms', 'mms', 'rcs', 'push', 'inapp',
        'whatsapp', 'webpush', 'web', 'mobile', 'notifications', 'notification', 'campaigns', 'campaign',
        'newsletter', 'event', 'users', 'user', 'links', 'link', 'url', 'html', 'text', 'was', 'has', 'been', 'first',
        'unique', 'total', 'machine', 'human', 'bot', 'proxy', 'prefetch', 'amp', 'by', 'to', 'in', 'the', 'on',
        'customer', 'recipient', 'contact', 'hs',
    ] -%}
    {%- set harmless = [
        'sent', 'sends', 'send', 'sending', 'delivered', 'delivery', 'delivers', 'deliver', 'opened', 'opens', 'open',
        'opening', 'clicked', 'clicks', 'click', 'clicking', 'processed', 'process', 'queued', 'enqueued', 'queue',
        'deferred', 'deferral', 'defer', 'delayed', 'delay', 'accepted', 'accept', 'received', 'receive', 'viewed',
        'views', 'view', 'read', 'drafted', 'draft', 'attempted', 'attempt', 'converted', 'conversion', 'scheduled',
        'schedule', 'resubscribed', 'resubscribe', 'groupresubscribe', 'subscribed', 'subscribe', 'optin', 'optedin',
        'unbounce', 'forwarded', 'forward', 'printed', 'print', 'rendered', 'impression', 'impressions', 'injection',
        'injected', 'created', 'published', 'request', 'requests', 'requested', 'seen', 'displayed', 'shown',
        'relayed', 'gesendet', 'versendet', 'versandt', 'verschickt', 'zugestellt', 'ausgeliefert', 'geffnet',
        'geoffnet', 'geoeffnet', 'geklickt', 'angeklickt', 'gelesen', 'envoy', 'envoye', 'livr', 'livre', 'dlivr',
        'delivre', 'ouvert', 'ouverture', 'cliqu', 'clique', 'clic', 'lu', 'enviado', 'enviada', 'entregado',
        'entregada', 'entregue', 'abierto', 'abierta', 'aberto', 'aberta', 'apertura', 'aperto', 'aperta', 'leido',
        'ledo', 'lido', 'clicado', 'clicada', 'inviato', 'inviata', 'consegnato', 'consegnata', 'letto', 'cliccato',
        'verzonden', 'verstuurd', 'bezorgd', 'afgeleverd', 'geopend', 'geklikt', 'gelezen', 'wysano', 'wyslano',
        'dostarczono', 'otwarto', 'otwarte', 'kliknito', 'skickad', 'levererad', 'ppnad', 'oppnad', 'klickad',
        'sendt', 'leveret', 'levert', 'bnet', 'abnet', 'pnet', 'apnet', 'klikket',
    ] -%}
    {%- set any = '(' ~ (beside + harmless) | join('|') ~ ')*' -%}
    (
        {{ without('^' ~ any ~ '(' ~ harmless | join('|') ~ ')' ~ any ~ '$', letters(event)) }} = ''
        and {{ letters(event) }} <> ''
        or {{ is_failure(event) }} and {{ is_passing(event) }}
    )
{%- endmacro %}

{# One expression over the event and not one a word: a view of views that names it a hundred times takes seconds to plan. #}
{% macro holds_one_of(event, parts) -%}
    ({{ without(parts | join('|'), letters(event)) }} <> {{ letters(event) }})
{%- endmacro %}

{# The end of a day in a zone, as an instant; without one, in the project's. #}
{% macro end_of(day, zone_name=none) -%}
    {{ return(adapter.dispatch('end_of')(day, zone_name or zone())) }}
{%- endmacro %}

{% macro default__end_of(day, zone_name) -%}
    ({{ as_instant(days_after(day, 1)) }} at time zone '{{ zone_name }}' at time zone 'UTC')
{%- endmacro %}

{% macro spark__end_of(day, zone_name) -%}
    to_utc_timestamp({{ as_instant(days_after(day, 1)) }}, '{{ zone_name }}')
{%- endmacro %}

{#
    When a stop was said. A date without an hour stands at its midnight: in UTC, or in the zone of its column (a var:
    those that sources declare) or of the project. It was said at the end of that date.
#}
{% macro stopped_at(instant) -%}
    {%- set midnight_of = ['UTC'] -%}
    {%- for name in [zone()] + var('time_zones') if name not in midnight_of -%}
        {%- do midnight_of.append(name) -%}
    {%- endfor -%}
    case
        {%- for name in midnight_of %}
        {%- set local = instant if name == 'UTC' else in_zone(instant, name) %}
        when {{ local }} = {{ as_instant('cast(' ~ local ~ ' as date)') }}
            then {{ end_of('cast(' ~ local ~ ' as date)', none if name == 'UTC' else name) }}
        {%- endfor %}
        else {{ instant }}
    end
{%- endmacro %}

{# A source says when: midnight of the day it was pulled for is what a staging model gives that has no time. #}
{% macro is_timed(row) -%}
    coalesce({{ row }}.occurred_at <> {{ as_instant(row ~ '._day') }}, false)
{%- endmacro %}

{# A clock that can be believed: clocks that have lost their battery begin at 1970, 1980, 2000 or 2001. #}
{% macro is_believed(instant, received_day) -%}
    coalesce(
        {{ instant }} >= {{ as_instant("'2002-01-01'") }} and {{ local_day(instant) }} <= {{ received_day }}, false
    )
{%- endmacro %}

{#
    What a row says about one topic, as one text: equal states are the same statement. A grant is the same whoever it
    names; a stop is another one when it is for somebody else, or for more or less than before.

    at      timed_at, or occurred_at: what the row gives as its time, also where that is the day of the pull
#}
{% macro topic_state(row, at='timed_at') -%}
    case
        when {{ row }}.says is null then 'nothing'
        else {{ row }}.says || '|' || coalesce(cast({{ row }}.{{ at }} as {{ type_of('text') }}), '')
            || case
                when {{ row }}.says = 'granted' then ''
                else
                    '|' || coalesce({{ row }}.known_channel, 'any') || '|' || coalesce({{ row }}.known_purpose, 'any')
                    || '|' || coalesce({{ row }}.person_ref, '') || '|' || coalesce({{ row }}.email_ref, '')
                    || '|' || coalesce({{ row }}.phone_ref, '')
            end
    end
{%- endmacro %}

{#
    On which local day that which a source gave for a day was really pulled, the last time: (source, day, pulled_day). A
    pull for an earlier day than the one before it counts for that one too: its rows may be dated so
    (connectors/landing.py, not_before).
#}
{% macro days_of_pulls() -%}
    {%- set pulls = table_named('raw', 'pulls') -%}
    {%- if execute and load_relation(pulls) -%}
    select
        source,
        day,
        max(pulled_day) as pulled_day
    from (
        {%- for dated in ['day', 'newest_day'] %}
        select
            source,
            {{ dated }} as day,
            pulled_day
        from (
            select
                source,
                day,
                {{ local_day('pulled_at') }} as pulled_day,
                max(case when day <= {{ local_day('pulled_at') }} then day end) over (
                    partition by source, table_name order by pulled_at rows unbounded preceding
                ) as newest_day
            from {{ pulls }}
        ) as pulled_{{ loop.index }}
        {% if not loop.last %}union all{% endif %}
        {%- endfor %}
    ) as dated_pulls
    group by source, day
    {%- else -%}
    select
        cast(null as {{ type_of('text') }}) as source,
        cast(null as date) as day,
        cast(null as date) as pulled_day
    where 1 = 0
    {%- endif -%}
{%- endmacro %}

{#
    One row for each identifier, channel and purpose of each statement: (_source, statement_key, identifier, channel,
    purpose, said, said_at, seen_day, names_address, names_another); identifier is NULL where none could be read;
    names_another: the row is of a person_ref that is another identifier. said: granted, withdrawn, unsubscribed,
    complained or bounced. A grant answers a stop when its said_at is later and its seen_day is
    not earlier; so the seen_day of a grant whose clock cannot be believed is the day before it came.

    any_day     the stops that have arrived by now, also after D, without the past of their rows: each as old as its
                newest version
#}
{% macro statements(any_day=false) -%}
{%- if any_day -%}
{{ said_of_topics(any_day) }},
{%- else -%}
with together as (
    select * from {{ ref('int_consents__said') }}
),
{%- endif %}

-- each row once for each of what it names its human by, and once where that is nothing
named_by as (
    {%- for name in ['person_ref', 'email_ref', 'phone_ref', 'nothing'] %}
    select '{{ name }}' as name {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

by_name as (
    select
        together.*,
        case named_by.name
            when 'person_ref' then together.person_ref
            when 'email_ref' then together.email_ref
            when 'phone_ref' then together.phone_ref
        end as identifier,
        named_by.name = 'nothing' and coalesce(together.person_ref, together.email_ref, together.phone_ref) is null
            as is_nobody
    from together
    cross join named_by
),

identified as (
    select
        _source,
        statement_key,
        is_newest,
        identifier,
        coalesce(email_ref, phone_ref) is not null as names_address,
        coalesce(person_ref <> identifier, false) as names_another,
        channel,
        purpose,
        said,
        said_at,
        seen_day
    from by_name
    where identifier is not null or is_nobody
),

-- a row that was put right takes its own stop back, though its time be the same: seen later, for the same identifier
put_right as (
    select distinct
        stops.statement_key,
        stops.identifier,
        stops.channel,
        stops.purpose,
        stops.said_at,
        stops.seen_day
    from identified as stops
    inner join identified as grants
        on
            stops.statement_key = grants.statement_key
            and stops.identifier = grants.identifier
            and stops.channel = grants.channel
            and stops.purpose = grants.purpose
    where
        stops.is_newest = 0
        and grants.is_newest = 1
        and grants.said = 'granted'
        and grants.seen_day > stops.seen_day
        and grants.said_at >= stops.said_at
),

standing as (
    select identified.*
    from identified
    where identified.is_newest = 1
    union all
    select identified.*
    from identified
    left join put_right
        on
            identified.statement_key = put_right.statement_key
            and identified.identifier = put_right.identifier
            and identified.channel = put_right.channel
            and identified.purpose = put_right.purpose
            and identified.said_at = put_right.said_at
            and identified.seen_day = put_right.seen_day
    where identified.is_newest = 0 and put_right.statement_key is null
),

final as (
    select distinct
        _source,
        statement_key,
        identifier,
        channel,
        purpose,
        said,
        said_at,
        seen_day,
        names_address,
        names_another
    from standing
)

select * from final
{%- endmacro %}

{% macro said() -%}
{{ said_of_topics() }}

select * from together
{%- endmacro %}

{# What `statements` are made of, before it is asked by what each names its human, as CTEs; the last is `together`. #}
{% macro said_of_topics(any_day=false) -%}
with consents as (
    {{ entity_any_day('consents') if any_day else 'select * from ' ~ ref('int_consents__unioned') }}
),

-- every version of every row: a row may say again what it said before, and must not be younger for that
versions as (
    {{ 'select * from consents where 1 = 0' if any_day else entity_versions('consents') }}
),

-- keys with a past: those that came more than once, and those that their source has deleted
with_past as (
    select consent_key
    from versions
    group by consent_key
    having count(*) > 1
    union
    select versions.consent_key
    from versions
    left join consents on versions.consent_key = consents.consent_key
    where consents.consent_key is null
),

pulls as (
    {{ days_of_pulls() }}
),

topics as (
    select
        channels.channel,
        purposes.purpose
    from ({{ contact_channels() }}) as channels
    cross join ({{ contact_purposes() }}) as purposes
),

{%- for rows, relation in [('now', 'consents'), ('past', 'versions')] %}

worded_{{ rows }} as (
    select
        {{ relation }}._source,
        {{ relation }}._day,
        {{ relation }}.consent_key,
        {{ relation }}.person_ref,
        {{ email_ref(relation ~ '.email') }} as email_ref,
        {{ phone_ref(relation ~ '.phone') }} as phone_ref,
        {{ relation }}.occurred_at,
        case when {{ is_timed(relation) }} then {{ relation }}.occurred_at end as timed_at,
        {{ is_grant(relation) }} as is_grant,
        {{ channel_word(relation ~ '.channel') }} as known_channel,
        {{ purpose_word(relation ~ '.purpose') }} as known_purpose
    from {{ relation }}
    {% if rows == 'past' %}inner join with_past on versions.consent_key = with_past.consent_key{% endif %}
    {% if any_day %}where not {{ is_grant(relation) }}{% endif %}
),

-- what a row says about each topic: a grant must name it in known words, a stop in other words is one of all topics
topical_{{ rows }} as (
    select
        worded.*,
        topics.channel,
        topics.purpose,
        case
            when
                coalesce(worded.known_channel, 'any') not in (topics.channel, 'any')
                or coalesce(worded.known_purpose, 'any') not in (topics.purpose, 'any')
                or (worded.is_grant and (worded.known_channel is null or worded.known_purpose is null)) then null
            when worded.is_grant then 'granted'
            else 'withdrawn'
        end as says
    from worded_{{ rows }} as worded
    cross join topics
),

stated_{{ rows }} as (
    select
        topical.*,
        {{ topic_state('topical') }} as state
    from topical_{{ rows }} as topical
    {% if rows == 'now' %}where topical.says is not null{% endif %}
),
{%- endfor %}

-- a date without an hour looks like no time on that day, and like a time in the next version of its row
changes as (
    select
        *,
        case when state = state_before or instant_state = instant_state_before then 0 else 1 end as is_change
    from (
        select
            with_instants.*,
            lag(state) over (partition by consent_key, channel, purpose order by _day, state) as state_before,
            lag(instant_state)
                over (partition by consent_key, channel, purpose order by _day, state) as instant_state_before
        from (
            select
                stated_past.*,
                {{ topic_state('stated_past', 'occurred_at') }} as instant_state
            from stated_past
        ) as with_instants
    ) as compared
),

runs as (
    select
        *,
        sum(is_change) over (
            partition by consent_key, channel, purpose order by _day, state rows unbounded preceding
        ) as run
    from changes
),

first_days as (
    select
        consent_key,
        channel,
        purpose,
        state,
        max(first_day) as first_day   -- of the last run
    from (
        select
            consent_key,
            channel,
            purpose,
            state,
            min(_day) over (partition by consent_key, channel, purpose, run) as first_day
        from runs
    ) as begun
    group by consent_key, channel, purpose, state
),

-- what a row says now, and the stops it held before: they go on, also when their row is deleted at its source
everything as (
    select
        stated_now.*,
        1 as is_newest
    from stated_now
    union all
    select
        stated_past.*,
        0 as is_newest
    from stated_past
    left join stated_now
        on
            stated_past.consent_key = stated_now.consent_key
            and stated_past.channel = stated_now.channel
            and stated_past.purpose = stated_now.purpose
            and stated_past.state = stated_now.state
    where stated_past.says = 'withdrawn' and stated_now.consent_key is null
),

first_seen as (
    select
        everything.*,
        coalesce(first_days.first_day, everything._day) as first_day
    from everything
    left join first_days
        on
            everything.consent_key = first_days.consent_key
            and everything.channel = first_days.channel
            and everything.purpose = first_days.purpose
            and everything.state = first_days.state
),

-- the day that a pull was for may be a slip: a stop's own time counts up to the day on which it really came
dated as (
    select
        first_seen.*,
        -- the midnight of the day on which it was first seen is no time, whatever version of its row we read
        coalesce(first_seen.timed_at <> {{ as_instant('first_seen.first_day') }}, false) and {{ is_believed(
            'first_seen.timed_at',
            'case when first_seen.is_grant then first_seen.first_day'
            ~ ' else greatest(first_seen.first_day, coalesce(pulls.pulled_day, first_seen.first_day)) end'
        ) }} as is_believed
    from first_seen
    left join pulls on first_seen._source = pulls.source and first_seen.first_day = pulls.day
),

spoken as (
    select
        _source,
        consent_key as statement_key,
        is_newest,
        person_ref,
        email_ref,
        phone_ref,
        channel,
        purpose,
        says as said,
        case
            when not is_believed then {{ end_of('first_day') }}
            when is_grant then timed_at
            else {{ stopped_at('timed_at') }}
        end as said_at,
        case
            when is_grant and not is_believed then {{ days_after('first_day', -1) }}
            else first_day
        end as seen_day
    from dated
),

refused_consents as (
    {{ entity_refused('consents', any_day) }}
),

refused as (
    select
        _source,
        consent_key as statement_key,
        person_ref,
        {{ email_ref('email') }} as email_ref,
        {{ phone_ref('phone') }} as phone_ref,
        coalesce({{ channel_word('channel') }}, 'any') as channel,
        coalesce({{ purpose_word('purpose') }}, 'any') as purpose,
        'withdrawn' as said,
        {{ end_of('_day') }} as said_at,
        _day as seen_day
    from refused_consents
),

arrived_messages as (
    {{ entity_any_day('messages') if any_day else
        'select * from ' ~ ref('int_messages__unioned') ~ ' union all ' ~ entity_versions('messages') }}
),

refused_messages as (
    {{ entity_refused('messages', any_day) }}
),

-- what a message ever said of itself: an event that was overwritten, or is gone from its source, has happened all the
-- same; of one whose word nobody knows, nobody knows that it was no stop. Each column by its name, for a company's own
-- may be called `stop`.
worded_messages as (
    {%- for relation in ['arrived_messages', 'refused_messages'] %}
    select
        _source,
        _day,
        message_event_key,
        person_ref,
        email,
        phone,
        channel,
        is_hard_bounce,
        occurred_at,
        event,
        {{ computed_once(stopping_word('event')) }} as stop
    from {{ relation }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

-- an event may be delivered twice: the first counts
stopping as (
    select
        _source,
        message_event_key,
        person_ref,
        {{ email_ref('email') }} as email_ref,
        {{ phone_ref('phone') }} as phone_ref,
        channel,
        stop as event,
        occurred_at,
        min(_day) as _day
    from worded_messages
    where
        -- `stop` once: it is a long expression, and stands wherever it is named
        case stop
            when 'unsubscribed' then true
            when 'complained' then true
            when 'bounced' then is_hard_bounce or {{ is_hard_word('event') }}
            else false
        end
    group by _source, message_event_key, person_ref, email, phone, channel, stop, occurred_at
),

received as (
    select
        stopping.*,
        greatest(stopping._day, coalesce(pulls.pulled_day, stopping._day)) as pulled_day
    from stopping
    left join pulls on stopping._source = pulls.source and stopping._day = pulls.day
),

reported as (
    select
        _source,
        message_event_key as statement_key,
        -- a bounce speaks of the address alone
        case when event <> 'bounced' or coalesce(email_ref, phone_ref) is null then person_ref end as person_ref,
        email_ref,
        phone_ref,
        coalesce({{ channel_word('channel') }}, 'any') as channel,
        'marketing' as purpose,
        event as said,
        case
            when {{ is_believed('occurred_at', 'pulled_day') }} then {{ stopped_at('occurred_at') }}
            else {{ end_of('_day') }}
        end as said_at,
        _day as seen_day
    from received
),

together as (
    select * from spoken
    {%- for others in ['refused', 'reported'] %}
    union all
    select
        others._source,
        others.statement_key,
        1 as is_newest,
        others.person_ref,
        others.email_ref,
        others.phone_ref,
        topics.channel,
        topics.purpose,
        others.said,
        others.said_at,
        others.seen_day
    from {{ others }} as others
    inner join topics
        on others.channel in (topics.channel, 'any') and others.purpose in (topics.purpose, 'any')
    {%- endfor %}
)
{%- endmacro %}

{# Whether a contact point of this kind is what a channel reaches somebody by. #}
{% macro reaches(kind, channel) -%}
    (
        ({{ kind }} = 'email' and {{ channel }} in ('email', 'ads')) or
        ({{ kind }} = 'phone' and {{ channel }} in ('sms', 'ads')) or
        ({{ kind }} = 'device' and {{ channel }} = 'push')
    )
{%- endmacro %}

{# Whether a stop reaches the person of one of its identifiers' contact points. #}
{% macro stop_reaches(stop, point) -%}
    -- given up since, and another's now: only what was said in its time
    (
        {{ point }}.until_day is null
        or {{ stop }}.seen_day <= {{ point }}.until_day
        or cast({{ stop }}.said_at as date) <= {{ point }}.until_day
    )
    -- a bounce speaks of the address alone
    and ({{ stop }}.said <> 'bounced' or {{ point }}.is_used or {{ point }}.kind not in ('email', 'phone', 'device'))
{%- endmacro %}

{#
    An own number in the form that all its spellings share: `id:shop:0324`, `324.0`, `#324` and `324` are one, for a
    spreadsheet takes zeros away and adds them. NULL of an address, a device, and of what has no letter or digit.
#}
{% macro plain_number(identifier) -%}
    case
        when {{ identifier }} like 'id:%' then
            {%- set number = without('^id:[^:]*:', plain_digits(identifier)) %}
            nullif({{ without('^0+', letters(without('[.,]0{1,2} *$', number))) }}, '')
    end
{%- endmacro %}

{# Digits of full width, as a Japanese keyboard types them, and Arabic ones are digits. #}
{% macro plain_digits(text) -%} translate({{ text }}, '０１２３４５６７８９٠١٢٣٤٥٦٧٨٩', '01234567890123456789') {%- endmacro %}

{#
    Statements, and the stops among them whose number no record of a human has, again for each number that is the same
    in plain form: whoever says no by a number that a spreadsheet has respelt is found. No grant is given so.

    statements, points   names of common table expressions
#}
{% macro with_respelt_numbers(statements, points) -%}
    select * from {{ statements }}
    union all
    select
        {% for column in [
            '_source', 'statement_key', 'identifier', 'channel', 'purpose', 'said', 'said_at', 'seen_day',
            'names_address', 'names_another',
        ] -%}
        {{ 'respelt.meant' if column == 'identifier' else statements ~ '.' ~ column }}{{ ',' if not loop.last }}
        {% endfor -%}
    from {{ statements }}
    inner join (
        select distinct
            strangers.identifier,
            numbers.identifier as meant
        from (
            select distinct
                {{ statements }}.identifier,
                {{ namespace_of(statements ~ '.identifier') }} as namespace,
                {{ plain_number(statements ~ '.identifier') }} as plain_number
            from {{ statements }}
            left join (
                select distinct {{ points }}.identifier
                from {{ points }}
                inner join {{ source('identity', 'people') }} as humans
                    on {{ points }}.person_id = humans.person_id
                where humans.records > 0
            ) as recorded on {{ statements }}.identifier = recorded.identifier
            where recorded.identifier is null and {{ statements }}.said <> 'granted'
        ) as strangers
        inner join {{ points }} as numbers
            on
                numbers.kind = 'id'
                and strangers.identifier <> numbers.identifier
                and strangers.namespace = {{ namespace_of('numbers.identifier') }}
                and strangers.plain_number = {{ plain_number('numbers.identifier') }}
    ) as respelt on {{ statements }}.identifier = respelt.identifier
    where {{ statements }}.said <> 'granted'
{%- endmacro %}

{% macro namespace_of(identifier) -%} {{ dbt.split_part(identifier, "':'", 2) }} {%- endmacro %}

{#
    Everybody's standing for each channel and purpose that anything reaches them about: (person_id, channel, purpose,
    granted_at, stopped_at, stopped_by, stopped_for), the last three of the newest unanswered stop, or NULL.

    statements  a relation as statements() gives it
#}
{% macro consent_standing(statements) -%}
with identified as (
    select * from {{ statements }}
    where identifier is not null
),

points as (
    select * from {{ ref('int_people__contact_points') }}
),

statement_rows as (
    {{ with_respelt_numbers('identified', 'points') }}
),

-- Of several at one identifier only those that no other outlasts in both times: of a shared address there may be
-- thousands.
lasting as (
    select *
    from (
        select
            kinds.*,
            max(seen_day) over (
                partition by identifier, channel, purpose, kind_of
                order by said_at desc, seen_day desc, statement_key rows between unbounded preceding and 1 preceding
            ) as seen_before
        from (
            select
                statement_rows.*,
                case
                    when said <> 'granted' then said
                    when names_another then 'granted beside another identifier'
                    when names_address then 'granted beside an address'
                    else said
                end as kind_of
            from statement_rows
        ) as kinds
    ) as ranked
    where seen_before is null or seen_day > seen_before
),

grants as (
    select * from lasting
    where said = 'granted'
),

answered_there as (
    select distinct
        stops.identifier,
        stops.channel,
        stops.purpose,
        stops.said_at,
        stops.seen_day
    from lasting as stops
    inner join grants
        on
            stops.identifier = grants.identifier
            and stops.channel = grants.channel
            and stops.purpose = grants.purpose
    where stops.said <> 'granted' and stops.said_at < grants.said_at and stops.seen_day <= grants.seen_day
),

standing_stops as (
    select lasting.*
    from lasting
    left join answered_there
        on
            lasting.identifier = answered_there.identifier
            and lasting.channel = answered_there.channel
            and lasting.purpose = answered_there.purpose
            and lasting.said_at = answered_there.said_at
            and lasting.seen_day = answered_there.seen_day
    where lasting.said <> 'granted' and answered_there.identifier is null
),

-- Who had an identifier until a day: each no of that time counts for them, and what was granted there by that day
-- answers it. What a later holder has said, yes or no, is another's word.
former_stops as (
    select
        points.person_id,
        points.until_day,
        statement_rows.*
    from statement_rows
    inner join points on statement_rows.identifier = points.identifier and points.until_day is not null
    where statement_rows.said <> 'granted' and {{ stop_reaches('statement_rows', 'points') }}
),

answered_then as (
    select distinct
        former_stops.person_id,
        former_stops.identifier,
        former_stops.channel,
        former_stops.purpose,
        former_stops.said_at,
        former_stops.seen_day
    from former_stops
    inner join statement_rows as given_then
        on
            former_stops.identifier = given_then.identifier
            and former_stops.channel = given_then.channel
            and former_stops.purpose = given_then.purpose
    where
        given_then.said = 'granted'
        and former_stops.said_at < given_then.said_at and former_stops.seen_day <= given_then.seen_day
        and given_then.seen_day <= former_stops.until_day
),

stops as (
    select
        points.person_id,
        points.is_own and not points.is_shared as is_theirs_alone,
        points.is_used and {{ reaches('points.kind', 'standing_stops.channel') }} as is_address,
        standing_stops.identifier,
        standing_stops.channel,
        standing_stops.purpose,
        standing_stops.said,
        standing_stops.said_at,
        standing_stops.seen_day
    from standing_stops
    inner join points on standing_stops.identifier = points.identifier and points.until_day is null
    where {{ stop_reaches('standing_stops', 'points') }}
    union all
    select
        former_stops.person_id,
        false as is_theirs_alone,
        false as is_address,
        former_stops.identifier,
        former_stops.channel,
        former_stops.purpose,
        former_stops.said,
        former_stops.said_at,
        former_stops.seen_day
    from former_stops
    left join answered_then
        on
            former_stops.person_id = answered_then.person_id
            and former_stops.identifier = answered_then.identifier
            and former_stops.channel = answered_then.channel
            and former_stops.purpose = answered_then.purpose
            and former_stops.said_at = answered_then.said_at
            and former_stops.seen_day = answered_then.seen_day
    where answered_then.person_id is null
),

given as (
    select
        points.person_id,
        points.kind not in ('email', 'phone', 'device') and not grants.names_address as is_for_the_person,
        grants.channel,
        grants.purpose,
        grants.said_at,
        grants.seen_day
    from grants
    -- what somebody else of a shared address has given beside it is theirs
    inner join points
        on
            grants.identifier = points.identifier
            and points.is_own
            and not (points.is_shared and grants.names_another)
            -- what the one before them has given there was that one's
            and (
                points.since_day is null
                or (grants.seen_day >= points.since_day and {{ local_day('grants.said_at') }} >= points.since_day)
            )
),

answered as (
    select distinct
        stops.person_id,
        stops.identifier,
        stops.channel,
        stops.purpose,
        stops.said_at,
        stops.seen_day
    from stops
    inner join given
        on stops.person_id = given.person_id and stops.channel = given.channel and stops.purpose = given.purpose
    where
        stops.said_at < given.said_at
        and stops.seen_day <= given.seen_day
        and (not stops.is_address or (stops.is_theirs_alone and given.is_for_the_person))
),

unanswered as (
    select
        stops.*,
        row_number() over (
            partition by stops.person_id, stops.channel, stops.purpose
            order by
                stops.said_at desc,
                case stops.said when 'complained' then 1 when 'unsubscribed' then 2 when 'withdrawn' then 3 else 4 end,
                {{ tie_break('stops.identifier') }}
        ) as newest_first
    from stops
    left join answered
        on
            stops.person_id = answered.person_id
            and stops.identifier = answered.identifier
            and stops.channel = answered.channel
            and stops.purpose = answered.purpose
            and stops.said_at = answered.said_at
            and stops.seen_day = answered.seen_day
    where answered.person_id is null
),

granted as (
    select
        person_id,
        channel,
        purpose,
        max(said_at) as granted_at
    from given
    group by person_id, channel, purpose
),

everybody as (
    select person_id, channel, purpose from granted
    union
    select person_id, channel, purpose from stops
),

final as (
    select
        everybody.person_id,
        everybody.channel,
        everybody.purpose,
        granted.granted_at,
        unanswered.said_at as stopped_at,
        unanswered.said as stopped_by,
        unanswered.identifier as stopped_for
    from everybody
    left join granted
        on
            everybody.person_id = granted.person_id
            and everybody.channel = granted.channel
            and everybody.purpose = granted.purpose
    left join unanswered
        on
            everybody.person_id = unanswered.person_id
            and everybody.channel = unanswered.channel
            and everybody.purpose = unanswered.purpose
            and unanswered.newest_first = 1
)

select * from final
{%- endmacro %}

{#
    Nobody of the seed `suppressed_identifiers` is ever contacted, whichever of their contact points is listed:
    person_ids.
#}
{% macro suppressed_people() -%}
    select distinct points.person_id
    from {{ ref('int_people__contact_points') }} as points
    inner join {{ ref('suppressed_identifiers') }} as listed
        on {{ dbt.hash('points.identifier') }} = listed.identifier_md5
{%- endmacro %}

{# A branch of a case: why consent keeps somebody from a sync. Of a sync that contacts nobody it is not asked.

    syncs           row of activation.syncs · contactability   the person's row for its channel and purpose, or none
#}
{% macro when_not_allowed(syncs='syncs', contactability='contactability') -%}
    when {{ syncs }}.contact_channel <> 'none' and not coalesce({{ contactability }}.allowed, false)
                then coalesce({{ contactability }}.reason, 'no_consent')
{%- endmacro %}

{# Whether a text holds the name of somebody who answers for the consents of a source: two letters at least. #}
{% macro is_named(text) -%}
    {{ return(modules.re.search('(?s)[^\\W\\d_].*[^\\W\\d_]', text) is not none) }}
{%- endmacro %}
