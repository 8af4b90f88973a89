{#
    Days of the feature table: D, and the training grid before it, the first of each of the last eighteen months: what a
    horizon of 180 days needs to learn, then calibrate, then judge.
#}
{% macro grid_days() -%}
    {%- set today = modules.datetime.date.fromisoformat(iso_day()) -%}
    {%- set months = today.year * 12 + today.month - 1 -%}
    {%- set found = [] -%}
    {%- for back in range(18) -%}
        {%- set month = months - back -%}
        {%- set first = modules.datetime.date(month // 12, month % 12 + 1, 1) -%}
        {%- if first < today -%}{%- do found.append(first.isoformat()) -%}{%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{#
    The grid days whose rows yesterday's table already holds, and which are therefore not computed again. None with
    --full-refresh (after a backfill or a changed definition), or when the columns are not those of the contract any
    more, in their order.
#}
{% macro kept_grid_days(name) -%}
    {%- if not execute or flags.FULL_REFRESH -%}{{ return([]) }}{%- endif -%}
    {%- set relation = load_relation(table_named('marts', name)) -%}
    {%- if relation is none -%}{{ return([]) }}{%- endif -%}
    {%- set declared = graph.nodes['model.fairlead.' ~ name].columns.keys() | map('lower') | list -%}
    {%- set declared = declared + person_extras(true) | map(attribute='name') | list -%}
    {%- set present = adapter.get_columns_in_relation(relation) | map(attribute='name') | map('lower') | list -%}
    {%- if declared != present -%}{{ return([]) }}{%- endif -%}
    {%- set stored = run_query('select distinct as_of_day from ' ~ relation) -%}
    {%- set there = [] -%}
    {%- for row in stored.rows -%}{%- do there.append(row[0] | string | truncate(10, true, '')) -%}{%- endfor -%}
    {{ return(grid_days() | select('in', there) | list) }}
{%- endmacro %}

{# (date '2026-01-01', …), and a date that never is for an empty list. #}
{% macro day_list(days) -%}
    (
        {%- for one in days or ['0001-01-01'] -%}
        cast('{{ one }}' as date){% if not loop.last %}, {% endif %}
        {%- endfor -%}
    )
{%- endmacro %}

{# 00 … ff, by the person's hash. #}
{% macro sample_bucket(person_id) -%}
    substr({{ dbt.hash(person_id) }}, 1, 2)
{%- endmacro %}

{# How many rows fulfil the condition and are younger than `days` at as_of_day; wants a column age_days. #}
{% macro count_within(days, condition='1 = 1') -%}
    sum(case when age_days < {{ days }} and {{ condition }} then 1 else 0 end)
{%- endmacro %}

{% macro sum_within(days, column) -%}
    sum(case when age_days < {{ days }} then {{ column }} else 0 end)
{%- endmacro %}

{#
    The events with `known_on`, since when each was known to be somebody's: what a device did before anybody was known by
    it is theirs from that day on.
#}
{% macro known_events() -%}
    select
        events.*,
        case
            when identifiers.first_seen_day > events.occurred_on then identifiers.first_seen_day else events.occurred_on
        end as known_on
    from {{ ref('events') }} as events
    left join {{ source('identity', 'person_identifiers') }} as identifiers
        on
            coalesce(events.person_ref, events.device_ref) = identifiers.identifier
            and events.person_id = identifiers.person_id
    where events.person_id is not null
{%- endmacro %}

{# A quotient of doubles, NULL by zero. #}
{% macro share(part, whole) -%}
    cast({{ part }} as {{ type_of('double') }}) / nullif(cast({{ whole }} as {{ type_of('double') }}), 0)
{%- endmacro %}

{#
    Which fifth somebody is in, 1 to 5, by how many of all customers are before them: 1 where fewer than a fifth are, 5
    where four fifths are. By rank, not by `ntile`, which parts people of equal values by chance.
#}
{% macro fifth(before, customers) -%}
    cast(1 + floor({{ share('5 * ' ~ before, customers) }}) as {{ type_of('integer') }})
{%- endmacro %}

{% macro age_days(happened_on) -%}
    {{ days_between(happened_on, 'days.as_of_day') }}
{%- endmacro %}

{# Nothing of a day that has not come: every value of the column lies at least `days` before the end of D. #}
{% test not_after_day(model, column, days) %}
    select {{ column }}
    from {{ model }}
    where {{ column }} > {{ days_before(days) }}
{% endtest %}
