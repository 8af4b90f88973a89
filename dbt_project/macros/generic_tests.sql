{# A column's sum is that of the rows it was built from: no join lost or doubled any. #}
{% test adds_up_to(model, column, to) %}
    select built.total, expected.total as expected_total
    from (select sum({{ column }}) as total from {{ model }}) as built
    cross join (select sum({{ column }}) as total from {{ to }}) as expected
    where built.total is distinct from expected.total
{% endtest %}

{# As many rows as another relation; of tables of many rows, among those that came lately. #}
{% test as_many_rows_as(model, to, lately=false) %}
    {%- set condition = came_lately() if lately else '1 = 1' %}
    select built.n, expected.n as expected_n
    from (select count(*) as n from {{ model }} where {{ condition }}) as built
    cross join (select count(*) as n from {{ to }} where {{ condition }}) as expected
    where built.n <> expected.n
{% endtest %}

{#
    Whether a row came in the last four weeks: what a night looks through of tables that only grow, all of which
    `fairlead build --full` looks through.
#}
{% macro came_lately() -%}
    {{ '1 = 1' if flags.FULL_REFRESH else '_day > ' ~ days_before(28) }}
{%- endmacro %}

{# A value of a row that came lately is no other row's. #}
{% test unique_lately(model, column_name) %}
    select {{ column_name }}
    from {{ model }}
    where
        {{ column_name }} in (
            select {{ column_name }}
            from {{ model }}
            where {{ column_name }} is not null and {{ came_lately() }}
        )
    group by {{ column_name }}
    having count(*) > 1
{% endtest %}

{# None of several columns is ever NULL: one pass instead of a test each. #}
{% test never_null(model, columns, lately=false) %}
    select {{ columns | join(', ') }}
    from {{ model }}
    where
        ({{ columns | join(' is null or ') }} is null)
        {%- if lately %}
        and ({{ came_lately() }} or _day is null)
        {%- endif %}
{% endtest %}

{# No two rows with the same values in several columns. #}
{% test unique_together(model, columns) %}
    select {{ columns | join(', ') }}
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
{% endtest %}

{# Every predictive model of the project has its score and decile here, of the right type. #}
{% test has_scores_of(model, models) %}
    {%- set present = [] -%}
    {%- if execute -%}
        {%- for column in adapter.get_columns_in_relation(model) -%}
            {%- do present.append(column.name | lower) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- for name in models if name not in present or name ~ '_decile' not in present %}
    select '{{ name }}' as missing_model
    {% if not loop.last %}union all{% endif %}
    {%- else %}
    select 'none' as missing_model where 1 = 0
    {%- endfor %}
{% endtest %}

{#
    Stops that cannot be tied to anybody are at most a share of all statements: above it somebody said no and is written
    to.
#}
{% test untied_within_share(model, max_share) %}
    select
        untied,
        statements
    from (
        select
            coalesce(sum(case when kind = 'untied' then statements end), 0) as untied,
            coalesce(sum(case when kind in ('stated', 'refused') then statements end), 0) as statements
        from {{ model }}
    ) as counted
    where untied > {{ max_share }} * statements
{% endtest %}
