{# Days. `day()` is the D of `--day D`: the only "now" there is. Local days and hours are in the project's time zone. #}

{% macro day() -%}
    cast('{{ iso_day() }}' as date)
{%- endmacro %}

{# D as text. Not read while dbt parses: a new day would make it parse every file again. #}
{% macro iso_day() -%}
    {{ return(env_var("FAIRLEAD_DAY") if execute else "1970-01-01") }}
{%- endmacro %}

{# The date `days` before D. #}
{% macro days_before(days) -%}
    {{ days_after(day(), -1 * days) }}
{%- endmacro %}

{#
    What is reckoned with dates and instants, all of it: dbt's own `dateadd` gives an instant, on Spark of another zone.
    The date that many days after a date; or years, a 29th of February becoming the 28th where there is none.
#}
{% macro days_after(date_column, days) -%}
    {{ return(adapter.dispatch('days_after')(date_column, days)) }}
{%- endmacro %}

{% macro default__days_after(date_column, days) -%}
    cast({{ dbt.dateadd('day', days, date_column) }} as date)
{%- endmacro %}

{% macro spark__days_after(date_column, days) -%}
    date_add({{ date_column }}, cast({{ days }} as int))
{%- endmacro %}

{% macro years_after(date_column, years) -%}
    {{ return(adapter.dispatch('years_after')(date_column, years)) }}
{%- endmacro %}

{% macro default__years_after(date_column, years) -%}
    cast({{ dbt.dateadd('year', years, date_column) }} as date)
{%- endmacro %}

{% macro spark__years_after(date_column, years) -%}
    add_months({{ date_column }}, cast(12 * ({{ years }}) as int))
{%- endmacro %}

{# Whole days from one date to a later one, below 0 to an earlier one. #}
{% macro days_between(earlier, later) -%}
    {{ return(adapter.dispatch('days_between')(earlier, later)) }}
{%- endmacro %}

{% macro default__days_between(earlier, later) -%}
    {{ dbt.datediff(earlier, later, 'day') }}
{%- endmacro %}

{% macro spark__days_between(earlier, later) -%}
    datediff({{ later }}, {{ earlier }})
{%- endmacro %}

{# The instant so many seconds after another one. #}
{% macro seconds_after(instant, seconds) -%}
    {{ return(adapter.dispatch('seconds_after')(instant, seconds)) }}
{%- endmacro %}

{% macro default__seconds_after(instant, seconds) -%}
    {{ dbt.dateadd('second', seconds, instant) }}
{%- endmacro %}

{% macro spark__seconds_after(instant, seconds) -%}
    timestampadd(second, {{ seconds }}, {{ instant }})
{%- endmacro %}

{# An instant without its fraction of a second. #}
{% macro whole_second(instant) -%}
    {{ dbt.date_trunc('second', instant) }}
{%- endmacro %}

{# The local date of an instant (timestamp in UTC). #}
{% macro local_day(instant) -%}
    cast({{ in_zone(instant) }} as date)
{%- endmacro %}

{# An instant on the clock of a zone; without one, of the project's. #}
{% macro in_zone(instant, zone_name=none) -%}
    {{ return(adapter.dispatch('in_zone')(instant, zone_name or zone())) }}
{%- endmacro %}

{# duckdb and postgres: a timestamp is read as UTC, then shown on the zone's clock #}
{% macro default__in_zone(instant, zone_name) -%}
    (cast({{ instant }} as timestamp) at time zone 'UTC' at time zone '{{ zone_name }}')
{%- endmacro %}

{% macro spark__in_zone(instant, zone_name) -%}
    from_utc_timestamp({{ instant }}, '{{ zone_name }}')
{%- endmacro %}

{% macro zone() -%}
    {{ env_var("FAIRLEAD_TIME_ZONE") }}
{%- endmacro %}

{# Midnight of a local date, as a timestamp. #}
{% macro as_instant(date_column) -%}
    cast({{ date_column }} as {{ type_of('timestamp') }})
{%- endmacro %}

{# The beginning of a day in the project's zone, as an instant. #}
{% macro start_of(day) -%}
    {{ return(end_of(days_after(day, -1))) }}
{%- endmacro %}

{# Seconds from one instant to a later one; NULL when either is. #}
{% macro seconds_between(earlier, later) -%}
    {{ return(adapter.dispatch('seconds_between')(earlier, later)) }}
{%- endmacro %}

{% macro default__seconds_between(earlier, later) -%}
    {{ dbt.datediff(earlier, later, 'second') }}
{%- endmacro %}

{% macro spark__seconds_between(earlier, later) -%}
    (unix_timestamp({{ later }}) - unix_timestamp({{ earlier }}))
{%- endmacro %}

{# A text with a date, a time and an offset as an instant. #}
{% macro instant_of_text(text) -%}
    {{ return(adapter.dispatch('instant_of_text')(text)) }}
{%- endmacro %}

{% macro default__instant_of_text(text) -%}
    (cast({{ text }} as timestamp with time zone) at time zone 'UTC')
{%- endmacro %}

{# a session's zone is UTC, and a timestamp of Spark an instant #}
{% macro spark__instant_of_text(text) -%}
    cast({{ text }} as timestamp)
{%- endmacro %}

{# The day a row was first known of: when it happened, but never later than the day it arrived. #}
{% macro first_seen(instant) -%}
    least({{ local_day(instant) }}, _day)
{%- endmacro %}

{# The day that a text says, year first (19800229, 1980-02-29, 1980/02/29); NULL of what is no day of the calendar. #}
{% macro day_of(column) -%}
    {%- set digits = "replace(replace(replace(trim(" ~ column ~ "), '-', ''), '/', ''), '.', '')" -%}
    {%- set year, month, day_of_month = [
        "cast(substring(" ~ digits ~ " from 1 for 4) as integer)", "substring(" ~ digits ~ " from 5 for 2)",
        "substring(" ~ digits ~ " from 7 for 2)",
    ] -%}
    case
        when length({{ digits }}) <> 8 or translate({{ digits }}, '0123456789', '') <> '' then null
        when {{ year }} < 1 or {{ month }} not between '01' and '12' or {{ day_of_month }} < '01' then null
        when {{ day_of_month }} > case
                when {{ month }} in ('04', '06', '09', '11') then '30'
                when {{ month }} <> '02' then '31'
                when {{ year }} % 4 = 0 and ({{ year }} % 100 <> 0 or {{ year }} % 400 = 0) then '29'
                else '28'
            end then null
        else cast(
            substring({{ digits }} from 1 for 4) || '-' || {{ month }} || '-' || {{ day_of_month }} as date
        )
    end
{%- endmacro %}
