{#
    What makes a row of an entity one of a person's, and when: its key, its instant, its local day, and which rows count.
    Of orders and their lines only sales do.
#}
{% macro extra_moments() -%}
    {{ return({
        'orders': {'key': 'order_key', 'at': 'ordered_at', 'on': 'ordered_on', 'where': 'is_sale'},
        'order_lines': {'key': 'order_line_key', 'at': 'ordered_at', 'on': 'ordered_on', 'where': 'is_sale'},
        'events': {'key': 'event_key', 'at': 'occurred_at', 'on': 'occurred_on', 'known': 'known_on'},
        'messages': {'key': 'message_event_key', 'at': 'occurred_at', 'on': 'occurred_on', 'where': 'not is_machine'},
        'consents': {'key': 'consent_key', 'at': 'occurred_at', 'on': 'occurred_on'},
        'deals': {'key': 'deal_key', 'at': 'created_at', 'on': 'created_on'},
        'subscriptions': {'key': 'subscription_key', 'at': 'started_at', 'on': 'started_on'},
        'tickets': {'key': 'ticket_key', 'at': 'created_at', 'on': 'created_on'},
        'survey_answers': {'key': 'answer_key', 'at': 'answered_at', 'on': 'answered_on'},
        'registrations': {'key': 'registration_key', 'at': 'registered_at', 'on': 'registered_on'},
        'social_posts': {'key': 'post_key', 'at': 'posted_at', 'on': 'posted_on'},
    }) }}
{%- endmacro %}

{#
    CTEs, the last of them `final`: for each row of `days` (person_id, as_of_day) one column for each of `columns`, of
    what was known at the end of as_of_day. NULL where nothing is known, 0 where something is counted and never was.
#}
{% macro extras_by_person(days, columns) -%}
    {%- set parts = namespace(names=[]) -%}
    {%- for entity in ['people'] + extra_moments().keys() | list -%}
        {%- set of_entity = columns | selectattr('entity', 'equalto', entity) | rejectattr('event') | list -%}
        {%- if of_entity -%}
            {%- set parts.names = parts.names + [entity ~ '_extras'] -%}
            {{ _extras_of_entity(days, entity, of_entity) }}
        {%- endif -%}
    {%- endfor -%}
    {%- set of_events = columns | selectattr('event') | list -%}
    {%- if of_events -%}
        {%- set parts.names = parts.names + ['own_events'] -%}
        {{ _own_events(days, of_events) }}
    {%- endif -%}
final as (
    select
        days.person_id,
        days.as_of_day
        {%- for column in columns %},
        {%- set part = 'own_events' if column.event else column.entity ~ '_extras' %}
        {%- set value = part ~ '.' ~ column.name %}
        {% if column.how == 'count' %}coalesce({{ value }}, 0){% else %}{{ value }}{% endif %} as {{ column.name }}
        {%- endfor %}
    from {{ days }} as days
    {%- for part in parts.names %}
    left join {{ part }} on days.person_id = {{ part }}.person_id and days.as_of_day = {{ part }}.as_of_day
    {%- endfor %}
)
{%- endmacro %}

{% macro _extras_of_entity(days, entity, columns) -%}
    {%- set used = columns | map(attribute='column') | unique | list %}
{{ entity }}_rows as (
    {{ _people_rows(used) if entity == 'people' else _entity_rows(entity, used, columns) }}
),

{{ entity }}_known as (
    select
        days.person_id,
        days.as_of_day,
        {%- for column in columns | unique(attribute='column') %}
        {%- if column.known_at %}
        case when entity_rows._known_{{ column.column }} <= days.as_of_day then entity_rows.{{ column.column }} end
            as {{ column.column }},
        {%- else %}
        entity_rows.{{ column.column }},
        {%- endif %}
        {%- endfor %}
        entity_rows._newest_first,
        entity_rows._oldest_first,
        {{ age_days('entity_rows._on') }} as _age_days
    from {{ days }} as days
    inner join {{ entity }}_rows as entity_rows
        on
            days.person_id = entity_rows.person_id
            and days.as_of_day >= entity_rows._known
            and days.as_of_day < entity_rows._until
),

{{ entity }}_extras as (
    select
        person_id,
        as_of_day
        {%- for column in columns %},
        {{ _extra_aggregate(column) }} as {{ column.name }}
        {%- endfor %}
    from {{ entity }}_known
    group by person_id, as_of_day
),

{% endmacro %}

{# The rows of a mart that hold one of the columns. #}
{% macro _entity_rows(entity, used, columns) -%}
    {%- set moment = extra_moments()[entity] -%}
    {%- set order = moment.at ~ ' {} nulls last, ' ~ tie_break(moment.key) -%}
    select
        person_id,
        {{ moment.on }} as _on,
        {{ moment.known or moment.on }} as _known,
        {{ no_end() }} as _until,
        {%- for column in columns | unique(attribute='column') if column.known_at %}
        {%- set type = entity_columns(entity)[column.known_at] %}
        {{ local_day(column.known_at) if type == 'timestamp' else column.known_at }} as _known_{{ column.column }},
        {%- endfor %}
        {{ used | join(', ') }},
        row_number() over (partition by person_id order by {{ order.format('desc') }}) as _newest_first,
        row_number() over (partition by person_id order by {{ order.format('asc') }}) as _oldest_first
    from {% if entity == 'events' %}({{ known_events() }}) as events{% else %}{{ ref(entity) }}{% endif %}
    where
        person_id is not null
        and {{ moment.on }} <= {{ day() }}
        {%- if moment.where %}
        and {{ moment.where }}
        {%- endif %}
        and ({{ used | join(' is not null or ') }} is not null)
{%- endmacro %}

{#
    Each state of each record of a human, from the day it was seen until the day of the next: what a record says today it
    need not have said before. As in the golden record the one changed last speaks for the person.
#}
{% macro _people_rows(used) -%}
    select
        matched.person_id,
        versions._day as _on,
        versions._day as _known,
        coalesce(
            lead(versions._day) over (
                partition by versions.record_id order by versions._day, versions.updated_at nulls first
            ),
            {{ no_end() }}
        ) as _until,
        {%- for column in used %}
        versions.{{ column }},
        {%- endfor %}
        row_number() over (
            partition by matched.person_id
            order by
                versions.updated_at desc nulls last,
                case versions.lifecycle when 'customer' then 1 when 'lead' then 2 else 3 end,
                {{ tie_break('versions.record_id') }}
        ) as _newest_first,
        1 as _oldest_first
    from ({{ entity_versions('people') }}) as versions
    inner join {{ ref('int_people__matched') }} as matched on versions.record_id = matched.record_id
{%- endmacro %}

{# One aggregate over the rows known by a day. #}
{% macro _extra_aggregate(column) -%}
    {%- set value = 'case when _age_days < ' ~ column.days ~ ' then ' ~ column.column ~ ' end' if column.days
        else column.column -%}
    {%- set hits = 'count(case when ' ~ _extra_condition(column, '(' ~ value ~ ')') ~ ' then 1 end)' -%}
    {%- if column.how == 'last' -%}
        cast({{ newest_text('(' ~ value ~ ')', '_newest_first') }} as {{ type_of(column.type) }})
    {%- elif column.how == 'first' -%}
        cast({{ newest_text('(' ~ value ~ ')', '_oldest_first') }} as {{ type_of(column.type) }})
    {%- elif column.how == 'count' -%}
        {{ hits }}
    {%- elif column.how == 'share' -%}
        {{ share(hits, 'count(' ~ value ~ ')') }}
    {%- elif column.how == 'mean' -%}
        avg(cast({{ value }} as {{ type_of('double') }}))
    {%- else -%}
        cast({{ column.how }}({{ value }}) as {{ type_of(column.type) }})
    {%- endif -%}
{%- endmacro %}

{# Of a count without a condition every value is a hit. #}
{% macro _extra_condition(column, value) -%}
    {%- set asked = [] -%}
    {%- if column['values'] -%}
        {%- set listed = [] -%}
        {%- for one in column['values'] -%}{%- do listed.append(literal(one)) -%}{%- endfor -%}
        {%- do asked.append(value ~ ' in (' ~ listed | join(', ') ~ ')') -%}
    {%- endif -%}
    {%- for bound, sign in [(column.min, ' >= '), (column.max, ' <= ')] if bound is not none -%}
        {%- do asked.append(value ~ sign ~ 'cast(' ~ literal(bound) ~ ' as ' ~ type_of(column.column_type) ~ ')') -%}
    {%- endfor -%}
    {%- if not asked and column.how == 'share' -%}{%- do asked.append(value) -%}{%- endif -%}
    {{ asked | join(' and ') if asked else value ~ ' is not null' }}
{%- endmacro %}

{# How often each own event happened to somebody, in the days before. #}
{% macro _own_events(days, columns) -%}
    {%- set names = [] -%}
    {%- for event in columns | map(attribute='event') | unique -%}{%- do names.append(literal(event)) -%}{%- endfor %}
own_event_days as (
    select
        person_id,
        event,
        occurred_on,
        known_on,
        count(*) as times
    from ({{ known_events() }}) as events
    where person_id is not null and occurred_on <= {{ day() }} and event in ({{ names | join(', ') }})
    group by person_id, event, occurred_on, known_on
),

own_events as (
    select
        days.person_id,
        days.as_of_day
        {%- for column in columns %},
        {%- set counts = 'event = ' ~ literal(column.event) ~ ' and ' ~ age_days('occurred_on') ~ ' < ' ~ column.days %}
        cast(
            sum(case when {{ counts }} then own_event_days.times else 0 end) as {{ type_of('integer') }}
        ) as {{ column.name }}
        {%- endfor %}
    from {{ days }} as days
    inner join own_event_days
        on
            days.person_id = own_event_days.person_id
            and days.as_of_day >= own_event_days.known_on
            and {{ age_days('own_event_days.occurred_on') }} < {{ columns | map(attribute='days') | max }}
    group by days.person_id, days.as_of_day
),

{% endmacro %}
