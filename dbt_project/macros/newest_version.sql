{#
    The newest row of each key, as of D. Raw is append-only: a changed row lands again, and here the newest wins, by the
    source's own cursor if it has one, then by the day it was pulled. Nearly all keys have one row, and those pass without
    being sorted; only rows of keys that came more than once are ranked.

    relation    a raw table
    key         [column, …], the natural key; rows without it are dropped (the contract rejected them already)
    cursor      the column that grows with each change, optional
#}
{% macro newest_version(relation, key, cursor=none) -%}
    select
        rows_in.*,
        1 as _version
    from {{ relation }} as rows_in
    left join {{ _repeated_keys(relation, key) }}
    where
        {{ _known_with_key(key) }}
        and repeated.key_1 is null
    union all
    select *
    from (
        select
            rows_in.*,
            row_number() over (
                partition by {{ key | join(', ') }}
                order by
                    {% if cursor %}{{ cursor }} desc nulls last,{% endif %}
                    _day desc nulls last, _pulled_at desc nulls last, _line desc nulls last, _row_id desc nulls last
            ) as _version
        from {{ relation }} as rows_in
        inner join {{ _repeated_keys(relation, key) }}
        where {{ _known_with_key(key) }}
    ) as versions
    where _version = 1
{%- endmacro %}

{% macro _known_with_key(key) -%}
    _day <= {{ day() }}
    {%- for column in key %} and {{ column }} is not null{% endfor %}
{%- endmacro %}

{% macro _repeated_keys(relation, key) -%}
    (
        select {% for column in key %}{{ column }} as key_{{ loop.index }}{% if not loop.last %}, {% endif %}{% endfor %}
        from {{ relation }}
        where {{ _known_with_key(key) }}
        group by {{ key | join(', ') }}
        having count(*) > 1
    ) as repeated
        on {% for column in key %}{{ column }} = repeated.key_{{ loop.index }}{% if not loop.last %} and {% endif %}{% endfor %}
{%- endmacro %}
