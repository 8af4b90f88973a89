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
    The grid days that are kept and therefore not computed again. None with --full-refresh (after a backfill or a changed
    definition), or when the columns are not those of features__person any more.
#}
{% macro kept_grid_days() -%}
    {%- if not execute or flags.FULL_REFRESH -%}{{ return([]) }}{%- endif -%}
    {%- set relation = load_relation(table_named('intermediate', 'int_features__grid')) -%}
    {%- if relation is none -%}{{ return([]) }}{%- endif -%}
    {%- set present = adapter.get_columns_in_relation(relation) | map(attribute='name') | map('lower') | list -%}
    {%- if (_features() + ['bucket']) | sort != present | sort -%}{{ return([]) }}{%- endif -%}
    {%- set stored = run_query('select distinct as_of_day from ' ~ relation) -%}
    {%- set there = [] -%}
    {%- for row in stored.rows -%}{%- do there.append(row[0] | string | truncate(10, true, '')) -%}{%- endfor -%}
    {{ return(grid_days() | select('in', there) | list) }}
{%- endmacro %}

{#
    The grid days that are to be computed tonight: those that are not kept, from the first on that knows anybody of the
    sample. The days before it would else be missing for ever, and with them each night would read all that ever was.
#}
{% macro missing_grid_days() -%}
    {%- set missing = grid_days() | reject('in', kept_grid_days()) | list -%}
    {%- set people, sample = source('identity', 'people'), ref('int_features__sample') -%}
    {%- if not execute or not missing -%}{{ return(missing) }}{%- endif -%}
    {%- set first -%}
        select min(people.first_seen_day)
        from {{ people }} as people
        cross join {{ sample }} as sampled
        where
            people.first_seen_day <= cast('{{ missing | max }}' as date)
            and {{ sample_bucket('people.person_id') }} < sampled.below
    {%- endset -%}
    {%- set first_day = run_query(first).rows[0][0] | string | truncate(10, true, '') -%}
    {%- set known = [] -%}
    {%- for one in missing if one >= first_day -%}{%- do known.append(one) -%}{%- endfor -%}
    {{ return(known) }}
{%- endmacro %}

{# The columns of features__person, as its YAML names them, and the features of the company's own. #}
{% macro _features() -%}
    {%- if not execute -%}{{ return(['person_id', 'as_of_day']) }}{%- endif -%}
    {%- set own = person_extras(true) | map(attribute='name') | list -%}
    {%- set declared = graph.nodes['model.fairlead.features__person'].columns.keys() | map('lower') -%}
    {{ return((declared | reject('in', own) | list) + own) }}
{%- endmacro %}

{% macro feature_columns() -%}
    {{ _features() | join(', ') }}
{%- endmacro %}

{# pre_hook of the grid: no day that is computed again or not of the grid, nobody who is not any more. #}
{% macro forget_grid_rows() -%}
    {{ return(adapter.dispatch('forget_grid_rows')()) }}
{%- endmacro %}

{% macro default__forget_grid_rows() -%}
    {%- if is_incremental() -%}
    {%- set kept = kept_grid_days() -%}
    delete from {{ this }}
    {%- if kept %}
    where
        as_of_day not in {{ day_list(kept) }}
        or person_id not in (select person_id from {{ source('identity', 'people') }})
        or bucket >= (select below from {{ ref('int_features__sample') }})
    {%- endif %}
    {%- endif -%}
{%- endmacro %}

{# Spark plans no DELETE with a subquery: who they are is asked first. #}
{% macro spark__forget_grid_rows() -%}
    {%- if execute and is_incremental() -%}
    {%- set kept, gone = kept_grid_days(), ["''"] -%}
    {%- set asked -%}
        select distinct kept.person_id
        from {{ this }} as kept
        left join {{ source('identity', 'people') }} as people on kept.person_id = people.person_id
        where people.person_id is null
    {%- endset -%}
    {%- for row in run_query(asked).rows -%}{%- do gone.append(literal(row[0])) -%}{%- endfor -%}
    {%- set below = run_query('select below from ' ~ ref('int_features__sample')).rows[0][0] -%}
    delete from {{ this }}
    where
        as_of_day not in {{ day_list(kept) }}
        or person_id in ({{ gone | join(', ') }})
        or bucket >= {{ literal(below) }}
    {%- endif -%}
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

{#
    A sum as a number of the type that is meant. DuckDB's own is one of 128 bits, PostgreSQL's any number of digits: a
    column of those is read thirty times as slowly.
#}
{% macro total(expression, type='integer') -%}
    cast(sum({{ expression }}) as {{ type_of(type) }})
{%- endmacro %}

{# How many rows fulfil the condition. #}
{% macro count_of(condition) -%}
    {{ total('case when ' ~ condition ~ ' then 1 else 0 end') }}
{%- endmacro %}

{# The same of those that are younger than `days` at as_of_day; wants a column age_days. #}
{% macro count_within(days, condition='1 = 1') -%}
    {{ count_of('age_days < ' ~ days ~ ' and ' ~ condition) }}
{%- endmacro %}

{% macro sum_within(days, column, type='integer') -%}
    {{ total('case when age_days < ' ~ days ~ ' then ' ~ column ~ ' else 0 end', type) }}
{%- endmacro %}

{# Whether something happened in the days that tonight's features look at: `days` before the first of them, to D. #}
{% macro feature_days_since(days) -%}
    {%- set missing = missing_grid_days() -%}
    {%- set first = modules.datetime.date.fromisoformat((missing + [iso_day()]) | min) -%}
    {%- set before = (first - modules.datetime.timedelta(days=days)).isoformat() -%}
    occurred_on > cast('{{ before }}' as date) and occurred_on <= {{ day() }}
{%- endmacro %}

{# What was done on the web, by person and visit, with `known_on` as below. #}
{% macro known_visits(condition) -%}
    select
        visits.*,
        {{ person_then() }} as person_id,
        case
            when {{ person_then() }} = identifiers.person_id and identifiers.first_seen_day > visits.occurred_on
                then identifiers.first_seen_day
            else visits.occurred_on
        end as known_on
    from (
        select *
        from {{ ref('int_daily__web') }}
        where {{ condition }}
    ) as visits
    {{ join_person('coalesce(visits.person_ref, visits.device_ref)', 'visits.occurred_on') }}
    where {{ person_then() }} is not null
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
