{#
    Everybody who is in a segment as of D: (segment, person_id, decided_by), one branch for each name in `segments`.
    `decided_by` shows the segment's further columns, 'lifetime_orders=5; churn_90d_decile=1': the values that decided.
#}
{% macro segment_members(segments) -%}
    {%- for segment in segments %}
    {%- set relation = ref('segment__' ~ segment) %}
    select
        cast('{{ segment }}' as {{ type_of('text') }}) as segment,
        person_id,
        {{ decided_by(relation) }} as decided_by
    from {{ relation }}
    {% if not loop.last %}union all{% endif %}
    {%- else %}
    select
        cast(null as {{ type_of('text') }}) as segment,
        cast(null as {{ type_of('text') }}) as person_id,
        cast(null as {{ type_of('text') }}) as decided_by
    where 1 = 0
    {%- endfor %}
{%- endmacro %}

{#
    The text of a segment's further columns; its column names are asked of the engine, so only when something is built.
#}
{% macro decided_by(relation) -%}
    {%- set shown = [] -%}
    {%- if execute -%}
        {%- for column in adapter.get_columns_in_relation(relation) if column.name | lower != 'person_id' -%}
            {%- do shown.append(
                "'" ~ column.name | lower ~ "=' || coalesce(cast("
                ~ adapter.quote(column.name) ~ " as " ~ type_of('text') ~ "), 'unknown')"
            ) -%}
        {%- endfor -%}
    {%- endif -%}
    cast({{ shown | join(" || '; ' || ") if shown else "''" }} as {{ type_of('text') }})
{%- endmacro %}

{#
    The rows this table held before this run; none on the first. A table is built beside the old one and swapped in
    whole, so it may read itself, and a crash leaves the old one.

    columns     {name: documented type}
#}
{% macro rows_before(columns) -%}
    {%- set before = load_cached_relation(this) if execute else none -%}
    {%- if before %}
    select {{ columns.keys() | join(', ') }}
    from {{ before }}
    {%- else %}
    select
        {%- for column, type in columns.items() %}
        cast(null as {{ type_of(type) }}) as {{ column }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    where 1 = 0
    {%- endif %}
{%- endmacro %}

{# Nobody is in a segment twice at once. #}
{% test one_open_stay(model) %}
    select segment, person_id
    from {{ model }}
    where left_day is null
    group by segment, person_id
    having count(*) > 1
{% endtest %}

{# Later than any day: the end of a stay that has none. #}
{% macro no_end() -%}
    cast('9999-12-31' as date)
{%- endmacro %}
