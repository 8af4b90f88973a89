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
    cast({{ dbt.dateadd('day', -1 * days, day()) }} as date)
{%- endmacro %}

{# The local date of an instant (timestamp in UTC). #}
{% macro local_day(instant) -%}
    {{ return(adapter.dispatch('local_day')(instant)) }}
{%- endmacro %}

{% macro default__local_day(instant) -%}
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
    {{ return(end_of(dbt.dateadd('day', -1, as_instant(day)))) }}
{%- endmacro %}

{# Seconds from one instant to a later one; NULL when either is. #}
{% macro seconds_between(earlier, later) -%}
    {{ dbt.datediff(earlier, later, 'second') }}
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
