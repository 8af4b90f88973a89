{# A column's sum is that of the rows it was built from: no join lost or doubled any. #}
{% test adds_up_to(model, column, to) %}
    select built.total, expected.total as expected_total
    from (select sum({{ column }}) as total from {{ model }}) as built
    cross join (select sum({{ column }}) as total from {{ to }}) as expected
    where built.total is distinct from expected.total
{% endtest %}

{# As many rows as another relation. #}
{% test as_many_rows_as(model, to) %}
    select built.n, expected.n as expected_n
    from (select count(*) as n from {{ model }}) as built
    cross join (select count(*) as n from {{ to }}) as expected
    where built.n <> expected.n
{% endtest %}

{# None of several columns is ever NULL: one pass instead of a test each. #}
{% test never_null(model, columns) %}
    select {{ columns | join(', ') }}
    from {{ model }}
    where {{ columns | join(' is null or ') }} is null
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
