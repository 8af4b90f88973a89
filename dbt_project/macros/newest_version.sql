{#
    The newest row of each key, as of D. Raw is append-only: a changed row lands again, and here the newest wins, by the
    source's own cursor if it has one, then by the day it was pulled. A key whose source has deleted it (a tombstone,
    `_is_deleted`, pulled after all its versions) gives no row. Nearly all keys have one row, and those pass without
    being sorted; only rows of keys that came more than once are ranked.

    relation    a raw table
    key         [column, …], the natural key; rows without it are dropped (the contract rejected them already)
    cursor      the column that grows with each change, optional
#}
{% macro newest_version(relation, key, cursor=none) -%}
    {%- set buries = has_tombstones(relation) -%}
    select
        rows_in.*,
        {%- if buries %}
        1 as _seen,
        0 as _buried,
        {%- endif %}
        1 as _version
    from {{ relation }} as rows_in
    left join {{ _repeated_keys(relation, key) }}
    where
        {{ _known_with_key(key) }}
        and repeated.key_1 is null
        {%- if buries %}
        and not coalesce(rows_in._is_deleted, false)
        {%- endif %}
    union all
    select *
    from (
        select
            seen.*,
            {%- if buries %}
            -- tombstones 0, what lies before one below 0: only what came after it is alive
            case when _is_deleted then 0 when _seen > _buried then 1 else -1 end * {% endif -%}
            row_number() over (
                partition by {{ key | join(', ') }}{{ ', coalesce(_is_deleted, false) or _seen <= _buried' if buries }}
                order by
                    {% if cursor %}{{ cursor }} desc nulls last,{% endif %}
                    _day desc nulls last, _pulled_at desc nulls last, _line desc nulls last, _row_key desc nulls last
            ) as _version
        from {{ _with_tombstones(relation, key) if buries else _rows_of_repeated_keys(relation, key) }} as seen
    ) as versions
    where {{ newest_only() }}
{%- endmacro %}

{# What every_version() turns into its contrary; the comment keeps it apart from anything that a person writes. #}
{% macro newest_only() -%} _version = 1 /* the newest */ {%- endmacro %}

{# A staging model's SQL with all versions of each key in place of the newest, deleted keys' too. #}
{% macro every_version(sql) -%}
    {{ return(sql | replace(newest_only(), '_version <> 0')) }}
{%- endmacro %}

{# Rows without a key have no versions; of refused rows, with_or_without_key() keeps them too. #}
{% macro has_key() -%} is not null /* has a key */ {%- endmacro %}

{% macro with_or_without_key(sql) -%}
    {{ return(sql | replace(has_key(), 'is null or true')) }}
{%- endmacro %}

{# Whether a raw table marks deletions; asked of the engine, so only when something is built. #}
{% macro has_tombstones(relation) -%}
    {%- if not execute -%}{{ return(false) }}{%- endif -%}
    {{ return('_is_deleted' in adapter.get_columns_in_relation(relation) | map(attribute='name') | map('lower')) }}
{%- endmacro %}

{% macro _rows_of_repeated_keys(relation, key) -%}
    (
        select rows_in.*
        from {{ relation }} as rows_in
        inner join {{ _repeated_keys(relation, key) }}
        where {{ _known_with_key(key) }}
    )
{%- endmacro %}

{#
    The same with `_seen`, a version's number in the order of arrival, and `_buried`, that of the key's last tombstone
    or 0.
#}
{% macro _with_tombstones(relation, key) -%}
    (
        select
            numbered.*,
            coalesce(max(case when _is_deleted then _seen end) over (partition by {{ key | join(', ') }}), 0) as _buried
        from (
            select
                arrived.*,
                row_number() over (
                    partition by {{ key | join(', ') }}
                    order by _day, _pulled_at, case when _is_deleted then 1 else 0 end, _line, _row_key
                ) as _seen
            from {{ _rows_of_repeated_keys(relation, key) }} as arrived
        ) as numbered
    )
{%- endmacro %}

{% macro _known_with_key(key) -%}
    _day <= {{ day() }}
    {%- for column in key %} and ({{ column }} {{ has_key() }}){% endfor %}
{%- endmacro %}

{% macro _repeated_keys(relation, key) -%}
    (
        select
            {%- for column in key %}
            {{ column }} as key_{{ loop.index }}{% if not loop.last %},{% endif %}
            {%- endfor %}
        from {{ relation }}
        where {{ _known_with_key(key) }}
        group by {{ key | join(', ') }}
        having count(*) > 1
    ) as repeated
        on
            {%- for column in key %}
            {{ column }} = repeated.key_{{ loop.index }}{% if not loop.last %} and{% endif %}
            {%- endfor %}
{%- endmacro %}
