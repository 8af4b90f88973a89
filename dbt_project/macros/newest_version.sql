{#
    The newest row of each key, as of D. Raw is append-only: a changed row lands again, and here the newest wins, by the
    source's own cursor if it has one, then by the day it was pulled.

    relation    a raw table
    key         [column, …], the natural key; rows without it are dropped (the contract rejected them already)
    cursor      the column that grows with each change, optional
#}
{% macro newest_version(relation, key, cursor=none) -%}
    select *
    from (
        select
            *,
            row_number() over (
                partition by {{ key | join(', ') }}
                order by
                    {% if cursor %}{{ cursor }} desc nulls last,{% endif %}
                    _day desc nulls last, _pulled_at desc nulls last, _line desc nulls last, _row_id desc nulls last
            ) as _version
        from {{ relation }}
        where _day <= {{ day() }}
            {% for column in key %}and {{ column }} is not null {% endfor %}
    ) as versions
    where _version = 1
{%- endmacro %}
