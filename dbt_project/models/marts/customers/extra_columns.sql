-- What every column of a company's own means, as its source file says it.
{%- set rows = var('extras', {}).get('catalogue', []) %}
{%- set columns = ['table_name', 'column_name', 'type', 'data_class', 'meaning', 'declared_in'] %}

with final as (
    {%- for row in rows or [{}] %}
    select
        {%- for column in columns %}
        cast({{ literal(row.get(column)) }} as {{ type_of('text') }}) as {{ column }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    {%- if not rows %}
    where 1 = 0
    {%- endif %}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

select * from final
