{#
    Tables of many rows, built a slice (source and day) at a time, each key once: the first day that brought it wins.

    A slice remembers what it was built from: how many rows (`_slice_rows`) and a digest of them (`_slice_content`). One
    that differs has late rows, a row that was put right, a staging model that reads otherwise, lost rows to `fairlead
    forget`, or (for a day after D) ought not to be here: it is deleted before the run and built anew. So a night
    touches one day's rows, a backfilled or recomputed day gives what a full build gives, and a second run changes
    nothing. What changes with identity is joined later, in a view.

    A row without a key, a word or a time is in no slice's table: it is counted (the tests of the union, which warn),
    and what it says about consent is read elsewhere.
#}

{#
    (_source, _day, _slice_rows, _slice_content) of an entity's rows as they stand. Where a staging model makes of each
    raw row one row or none, and of nothing else, the digest is one of the raw rows' keys, of what the model says and of
    when the table was last read anew: two columns are read and not the history. Else it is one of all that the rows
    hold.

    days   a condition on `_day` by which raw is read
#}
{% macro slices_of(entity, relation, days='1 = 1') -%}
    {%- set parts, careful = [], [] -%}
    {%- for source_name in var('entities', {}).get(entity, []) -%}
        {%- set read = _reads_row_by_row('stg_' ~ source_name ~ '__' ~ entity) -%}
        {%- do parts.append(_slices_of_raw(read, days)) if read.tables else careful.append(source_name) -%}
    {%- endfor -%}
    {%- if careful or not parts -%}
        {%- do parts.append(_slices_of_rows(entity, relation, careful, days)) -%}
    {%- endif -%}
    {{ parts | join(' union all ') }}
{%- endmacro %}

{% macro _slices_of_raw(read, days) -%}
    select
        _source,
        _day,
        cast(sum(rows_of_day) as {{ type_of('integer') }}) as _slice_rows,
        '{{ read.meaning }}:' || cast(sum(keys_of_day) as {{ type_of('text') }}) as _slice_content
    from (
        {%- for table in read.tables %}
        select
            _source,
            _day,
            count(*) as rows_of_day,
            {{ sum_of_hashes('_row_key, _pulled_at') }} as keys_of_day
        from {{ table }}
        where _day <= {{ day() }} and {{ days }}
        group by _source, _day
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ) as of_tables
    group by _source, _day
{%- endmacro %}

{% macro _slices_of_rows(entity, relation, sources, days) -%}
    select
        _source,
        _day,
        cast(count(*) as {{ type_of('integer') }}) as _slice_rows,
        cast({{ sum_of_hashes(columns_of(entity, 'rows_in')) }} as {{ type_of('text') }}) as _slice_content
    from {{ relation }} as rows_in
    where
        {{ days }}
        and _source in ({% for name in sources or [''] %}{{ literal(name) }}{{ ', ' if not loop.last }}{% endfor %})
    group by _source, _day
{%- endmacro %}

{#
    {tables, meaning}: the raw tables of a staging model that makes at most one row of each of theirs and looks at
    nothing else (none where it may do more), and a digest of what it says and of when the tables were last read anew.
#}
{% macro _reads_row_by_row(model_name) -%}
    {%- if not execute -%}{{ return({'tables': []}) }}{%- endif -%}
    {%- set node = graph.nodes.values() | selectattr('name', 'equalto', model_name) | first -%}
    {%- set raws = node.depends_on.nodes | select('in', graph.sources) | list -%}
    {%- if not raws or raws | length < node.depends_on.nodes | length -%}{{ return({'tables': []}) }}{%- endif -%}
    {%- set text = modules.re.sub('--[^\n]*', ' ', render(node.raw_code)) -%}
    {%- if modules.re.search(looks_around(), text | lower) -%}{{ return({'tables': []}) }}{%- endif -%}
    {%- set tables, read_at = [], [] -%}
    {%- set declarations = table_named('raw', 'declarations') -%}
    {%- for id in raws -%}
        {%- set raw = graph.sources[id] -%}
        {%- do tables.append(table_named(raw.schema, raw.identifier)) -%}
        {%- if load_relation(declarations) -%}
            {%- do read_at.append(run_query(
                'select max(declared_at) from ' ~ declarations ~ " where source || '__' || table_name = '"
                ~ raw.identifier ~ "'"
            ).rows[0][0] | string) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return({'tables': tables, 'meaning': local_md5(text | replace(day(), 'D') ~ read_at)}) }}
{%- endmacro %}

{# A pattern of what makes a row depend on other rows, other tables, or the clock, or dates it otherwise. #}
{% macro looks_around() -%}
    {{ return(
        '\\bover\\s*\\(|\\bgroup\\s+by\\b'
        ~ '|\\b(join|distinct|having|limit|exists|intersect|except|lateral|unnest|pivot)\\b'
        ~ '|\\bunion\\b(?!\\s+all)|\\b(max|min|sum|count|avg|random|now)\\s*\\(|_agg\\s*\\(|\\bread_|\\bcurrent_'
        ~ '|\\bin\\s*\\(\\s*select|\\bfrom\\s+[\\w."]+(\\s+(as\\s+)?\\w+)?\\s*,|\\bas\\s+(_day|_source)\\b'
    ) }}
{%- endmacro %}

{#
    [source, day] of the slices that are not in the table as they ought to be: to be built, and to be deleted before. Is
    asked before anything is deleted.

    slices   SQL for (_source, _day, _slice_rows, _slice_content) as they ought to be
    built    SQL for the same as they are
#}
{% macro differing_slices(slices, built) -%}
    {%- set differing -%}
    select
        coalesce(slices._source, built._source) as _source,
        coalesce(slices._day, built._day) as _day
    from ({{ slices }}) as slices
    full outer join ({{ built }}) as built on slices._source = built._source and slices._day = built._day
    where
        slices._day is null
        or built._day is null
        or slices._slice_rows <> built._slice_rows
        or slices._slice_content <> coalesce(built._slice_content, '')
    {%- endset -%}
    {%- set found = [] -%}
    {%- for row in run_query(differing).rows -%}
        {%- do found.append([row[0], row[1] | string | truncate(10, true, '')]) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{% macro changed_slices(entity, relation) -%}
    {{ return(differing_slices(
        slices_of(entity, relation),
        'select distinct _source, _day, _slice_rows, _slice_content from ' ~ this
    )) }}
{%- endmacro %}

{% macro forget_slices(changed) -%}
    {%- if changed -%}
    delete from {{ this }}
    where
        {%- for of_source in changed | groupby(0) %}
        (
            _source = {{ literal(of_source.grouper) }}
            and _day in {{ day_list(of_source.list | map(attribute=1) | list) }}
        )
        {{ 'or' if not loop.last }}
        {%- endfor %}
    {%- endif -%}
{%- endmacro %}

{# The condition on `_day` that keeps the days of some slices: all but for few. #}
{% macro days_of(slices) -%}
    {%- set days = slices | map(attribute=1) | unique | list -%}
    {{ return('_day in ' ~ day_list(days) if days | length <= 60 else '_day is not null') }}
{%- endmacro %}

{# pre_hook: drop the slices that are no longer what they should be. #}
{% macro forget_changed_slices(relation, entity) -%}
    {{ forget_slices(changed_slices(entity, relation)) if is_incremental() }}
{%- endmacro %}

{#
    A table that sums the rows of a sliced one up, slice by slice, and counts them as `row_count`: the slices of which
    it holds something else. A slice loses a row, and keeps its content, when an earlier day turns out to have brought
    it.
#}
{% macro slices_not_summed(sliced) -%}
    {%- set content = 'max(_slice_content) as _slice_content' -%}
    {%- set count = 'cast(count(*) as ' ~ type_of('integer') ~ ') as _slice_rows' -%}
    {%- set sum = 'cast(sum(row_count) as ' ~ type_of('integer') ~ ') as _slice_rows' -%}
    {{ return(differing_slices(
        'select _source, _day, ' ~ count ~ ', ' ~ content ~ ' from ' ~ sliced ~ ' group by _source, _day',
        'select _source, _day, ' ~ sum ~ ', ' ~ content ~ ' from ' ~ this ~ ' group by _source, _day'
    )) }}
{%- endmacro %}

{# pre_hook of such a table. #}
{% macro forget_slices_not_summed(sliced) -%}
    {{ forget_slices(slices_not_summed(sliced)) if is_incremental() }}
{%- endmacro %}

{# A condition on the days of the slices that such a table has still to sum up: they stand in the SQL, so that an engine
   reads no other. #}
{% macro days_not_summed(sliced) -%}
    {{ return(days_of(slices_not_summed(sliced)) if execute and is_incremental() else '_day is not null') }}
{%- endmacro %}

{#
    The rows of a sliced table that such a table has still to sum up.

    days   days_not_summed of it
#}
{% macro rows_not_summed(sliced, days) -%}
    {%- if is_incremental() -%}
    select rows_in.*
    from {{ sliced }} as rows_in
    left join (
        select distinct _source, _day
        from {{ this }}
        where {{ days }}
    ) as summed
        on rows_in._source = summed._source and rows_in._day = summed._day
    where summed._day is null and rows_in.{{ days }}
    {%- else -%}
    select * from {{ sliced }}
    {%- endif -%}
{%- endmacro %}

{# A number that is another when any row of a group holds something else, whatever their order. #}
{% macro sum_of_hashes(columns) -%}
    {{ return(adapter.dispatch('sum_of_hashes')(columns)) }}
{%- endmacro %}

{% macro duckdb__sum_of_hashes(columns) -%} sum(hash({{ columns }})) {%- endmacro %}

{% macro postgres__sum_of_hashes(columns) -%}
    sum(cast(hashtextextended(cast(row({{ columns }}) as text), 0) as numeric))
{%- endmacro %}

{% macro spark__sum_of_hashes(columns) -%}
    sum(cast(xxhash64({{ columns }}) as decimal(38, 0)))
{%- endmacro %}

{#
    Of a hook that ought to end before its model's transaction begins, whether it stands within it all the same: on
    Spark, which has no transactions, dbt runs no other hook, and says nothing of it.
#}
{% macro only_within() -%}
    {{ return(target.type in ('sail', 'spark')) }}
{%- endmacro %}

{# How a built key is replaced: dbt on Spark knows the one statement for it, elsewhere the two. #}
{% macro by_key() -%}
    {{ return('merge' if target.type in ('sail', 'spark') else 'delete+insert') }}
{%- endmacro %}
