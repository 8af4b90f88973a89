{#
    The one rule of consent. Everybody's standing for each channel and purpose they ever said something about:
    person_id, channel, purpose, granted_at, stopped_at, stopped_by (withdrawn, unsubscribed, bounced, complained).

    Opt-in: who never granted has no granted_at. A stop beats every grant that is not newer than it. A grant's time is
    never later than the day it was pulled for: a device with a wrong clock must not outvote a withdrawal for years.
    Whatever is not plainly a grant is a withdrawal. Unsubscribing, a hard bounce and a complaint stop marketing on the
    message's own channel.

    consents    rows of the entity with person_id · messages  the same of messages; names of CTEs or relations
#}
{% macro consent_standing(consents, messages) -%}
    select
        person_id,
        channel,
        purpose,
        granted_at,
        case when is_stopped then stopped_at end as stopped_at,
        case
            when not is_stopped then null
            when complained_at = stopped_at then 'complained'
            when unsubscribed_at = stopped_at then 'unsubscribed'
            when withdrawn_at = stopped_at then 'withdrawn'
            else 'bounced'
        end as stopped_by
    from (
        select
            *,
            stopped_at is not null and (granted_at is null or stopped_at >= granted_at) as is_stopped
        from (
            select
                person_id,
                channel,
                purpose,
                max(case when said = 'granted' then said_at end) as granted_at,
                max(case when said = 'withdrawn' then said_at end) as withdrawn_at,
                max(case when said = 'unsubscribed' then said_at end) as unsubscribed_at,
                max(case when said = 'complained' then said_at end) as complained_at,
                max(case when said <> 'granted' then said_at end) as stopped_at
            from ({{ _said(consents, messages) }}) as said
            group by person_id, channel, purpose
        ) as newest
    ) as judged
{%- endmacro %}

{% macro _said(consents, messages) -%}
    select
        consents.person_id,
        channels.channel,
        purposes.purpose,
        case when lower(consents.status) = 'granted' then 'granted' else 'withdrawn' end as said,
        case
            when
                lower(consents.status) = 'granted'
                and coalesce(consents.occurred_at > {{ dbt.dateadd('day', 2, as_instant('consents._day')) }}, true)
                then {{ as_instant('consents._day') }}
            else coalesce(consents.occurred_at, {{ dbt.dateadd('day', 1, as_instant('consents._day')) }})
        end as said_at
    from {{ consents }} as consents
    inner join ({{ contact_channels() }}) as channels
        on channels.channel = lower(consents.channel) or lower(coalesce(consents.channel, 'any')) = 'any'
    inner join ({{ contact_purposes() }}) as purposes
        on purposes.purpose = lower(consents.purpose) or lower(coalesce(consents.purpose, 'any')) = 'any'
    where
        consents.person_id is not null
        -- a grant must say for what; a withdrawal need not
        and (consents.channel is not null and consents.purpose is not null or coalesce(lower(consents.status), '') <> 'granted')
    union all
    select
        messages.person_id,
        messages.channel,
        'marketing' as purpose,
        messages.event as said,
        coalesce(messages.occurred_at, {{ as_instant('messages._day') }}) as said_at
    from {{ messages }} as messages
    where
        messages.person_id is not null
        and (messages.event in ('unsubscribed', 'complained') or (messages.event = 'bounced' and messages.is_hard_bounce))
{%- endmacro %}

{% macro contact_channels() -%}
    {%- for channel in ['email', 'sms', 'push', 'ads', 'mail'] %}
    select '{{ channel }}' as channel {% if not loop.last %}union all{% endif %}
    {%- endfor %}
{%- endmacro %}

{% macro contact_purposes() -%}
    select 'marketing' as purpose union all select 'profiling' as purpose
{%- endmacro %}

{#
    All sources' rows of one entity whatever their day, as entity() gives those up to D: each staging model's own SQL,
    with the filter on the day opened wide. For what must never be out of date.
#}
{% macro entity_any_day(name) -%}
    {%- set columns = entity_columns(name) -%}
    {%- set sources = var('entities', {}).get(name, []) -%}
    {%- for source in sources %}
    select
        {%- set relation = ref('stg_' ~ source ~ '__' ~ name) %}
        {%- set present = staged_columns(relation, name, columns) %}
        {%- for column, type in columns.items() %}
        {{ _staged_column(column, type, source, present) }} as {{ column }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from (
        {{ staging_any_day('stg_' ~ source ~ '__' ~ name) }}
    ) as any_day
    {% if not loop.last %}union all{% endif %}
    {%- else %}
    {{ entity(name) }}
    {%- endfor %}
{%- endmacro %}

{% macro staging_any_day(model_name) -%}
    {%- if not execute -%}{{ return('select 1') }}{%- endif -%}
    {%- set node = graph.nodes.values() | selectattr('name', 'equalto', model_name) | first -%}
    {{ return(render(node.raw_code) | replace(day(), "cast('9999-12-31' as date)")) }}
{%- endmacro %}

{# Nobody of the seed `suppressed_identifiers` is ever contacted: their person_ids. #}
{% macro suppressed_people() -%}
    select distinct identifiers.person_id
    from {{ source('identity', 'person_identifiers') }} as identifiers
    inner join {{ ref('suppressed_identifiers') }} as listed
        on {{ dbt.hash('identifiers.identifier') }} = listed.identifier_md5
{%- endmacro %}

{# A branch of a case: why consent keeps somebody from a sync. Of a sync that contacts nobody it is not asked.

    syncs           row of activation.syncs · contactability   the person's row for its channel and purpose, or none
#}
{% macro when_not_allowed(syncs='syncs', contactability='contactability') -%}
    when {{ syncs }}.contact_channel <> 'none' and not coalesce({{ contactability }}.allowed, false)
                then coalesce({{ contactability }}.reason, 'no_consent')
{%- endmacro %}
