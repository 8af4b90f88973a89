{#
    A view that finds its tables by name when it is read, as on DuckDB. dbt replaces a table by another, and PostgreSQL
    drops with the first every view that reads it: until dbt has made the view again, which it leaves when a build fails
    or is killed, there would be none. So there the view reads a function, whose text PostgreSQL ties to no table; it
    plans through one of a single SELECT as if it were not there.
#}
{% macro late_bound_view() -%}
    {{ return('late_bound_view' if target.type == 'postgres' else 'view') }}
{%- endmacro %}

{% materialization late_bound_view, adapter='postgres' %}
    {%- set view = this.incorporate(type='view') -%}
    {%- set rows = view.incorporate(path={'identifier': view.identifier ~ '__rows'}) -%}
    {%- set standing = load_cached_relation(this) -%}
    {{ run_hooks(pre_hooks) }}
    {%- if standing is not none and not standing.is_view -%}{%- do adapter.drop_relation(standing) -%}{%- endif -%}

    -- one transaction: who reads meanwhile has the view of before
    {% call statement('first_of_its_tables') -%}
        drop view if exists {{ view }} cascade;
        drop function if exists {{ rows }}() cascade;
        create view {{ view }} as (
        {{ sql }}
        );
    {%- endcall %}
    {%- set columns = [] -%}
    {%- for column in adapter.get_columns_in_relation(view) -%}
        {%- do columns.append(adapter.quote(column.name) ~ ' ' ~ column.data_type) -%}
    {%- endfor -%}
    {% call statement('main') -%}
        create function {{ rows }}() returns table ({{ columns | join(', ') }}) language sql stable as $fairlead$
        {{ sql }}
        $fairlead$;
        create or replace view {{ view }} as select * from {{ rows }}();
    {%- endcall %}

    {{ run_hooks(post_hooks) }}
    {%- do persist_docs(view, model) -%}
    {%- do adapter.commit() -%}
    {{ return({'relations': [view]}) }}
{% endmaterialization %}
