{#
    A trimmed text, NULL when nothing is left of it. All white space goes, no-break spaces, tabs and marks of no width
    too: what `trim` takes away alone is another thing on each engine.
#}
{% macro clean(column) -%}
    {%- set blanks = " \t\n\r\u000b\u000c\u0085\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff" -%}
    nullif({{ without('^[' ~ blanks ~ ']+|[' ~ blanks ~ ']+$', column) }}, '')
{%- endmacro %}

{# A text in small letters and digits, and nothing else of it: words are compared so, however they are put together. #}
{% macro letters(column) -%} {{ without('[^a-z0-9]+', 'lower(' ~ column ~ ')') }} {%- endmacro %}

{# A text without whatever matches a regular expression. #}
{% macro without(pattern, text) -%}
    {{ return(adapter.dispatch('without')(pattern, text)) }}
{%- endmacro %}

{% macro default__without(pattern, text) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '', 'g')
{%- endmacro %}

{% macro spark__without(pattern, text) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '')
{%- endmacro %}

{# What the first group of a regular expression matches in a text of one line; NULL where it matches nothing. #}
{% macro captured(column, pattern) -%}
    {{ return(adapter.dispatch('captured')(column, pattern)) }}
{%- endmacro %}

{% macro default__captured(column, pattern) -%}
    nullif(regexp_replace({{ column }}, '^.*{{ pattern }}.*$', '\1'), {{ column }})
{%- endmacro %}

{% macro spark__captured(column, pattern) -%}
    nullif(regexp_replace({{ column }}, '^.*{{ pattern }}.*$', '$1'), {{ column }})
{%- endmacro %}

{#
    Whether a text has one of these words (or patterns of words), whatever its case and whatever parts them:
    `paid-search` has `paid`, and `download` has no `ad`. NULL of NULL.
#}
{% macro has_word(column, words) -%}
    {%- set pattern = '(^|[^a-z0-9])(' ~ words | join('|') ~ ')([^a-z0-9]|$)' -%}
    ({{ without(pattern, 'lower(' ~ column ~ ')') }} <> lower({{ column }}))
{%- endmacro %}

{# The text at a path in a JSON text column: json_text('traits', ['address', 'city']); 0 is the first item of a list. #}
{% macro json_text(column, path) -%}
    {{ return(adapter.dispatch('json_text')(column, path)) }}
{%- endmacro %}

{% macro duckdb__json_text(column, path) -%}
    json_extract_string({{ column }}, '${{ _json_steps(path) }}')
{%- endmacro %}

{% macro postgres__json_text(column, path) -%}
    (cast({{ column }} as jsonb) #>> '{{ _json_array(path) }}')
{%- endmacro %}

{% macro spark__json_text(column, path) -%}
    get_json_object({{ column }}, {{ literal('$' ~ _spark_json_steps(path)) }})
{%- endmacro %}

{% macro _spark_json_steps(path) -%}
    {%- for step in path -%}
        {%- if step is number -%}[{{ step }}]{%- else -%}['{{ step }}']{%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{% macro _json_steps(path) -%}
    {%- for step in path -%}
        {%- if step is number -%}[{{ step }}]
        {%- elif modules.re.fullmatch('[A-Za-z0-9_]+', step) -%}.{{ step }}
        {%- else -%}.{{ _json_key(step) }}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{# The same as an array of PostgreSQL. #}
{% macro _json_array(path) -%}
    {{ '{' }}
    {%- for step in path -%}
        {{ step if step is number else _json_key(step) }}
        {%- if not loop.last -%},{%- endif -%}
    {%- endfor -%}
    {{ '}' }}
{%- endmacro %}

{# A key may hold anything; it stays one key, and within the quotes of SQL. #}
{% macro _json_key(step) -%}
    "{{ step | replace('\\', '\\\\') | replace('"', '\\"') | replace("'", "''") }}"
{%- endmacro %}

{# A number that is the same for the same text everywhere: breaks ties where collations would differ. #}
{% macro tie_break(column) -%}
    {{ dbt.hash(column) }}
{%- endmacro %}
