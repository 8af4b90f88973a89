{#
    The golden record: people/golden_record.yml declares which of a person's records gives which field
    (docs/reference/golden_record.md). core/golden/ checks it and passes it as the variable `golden`: a list of units, a
    field or a group of fields that come from one record together.
#}
{% macro golden_units() -%} {{ return(var('golden', [])) }} {%- endmacro %}

{# (field, its unit) of every field that survives, in the order of the units. #}
{% macro golden_fields() -%}
    {%- set fields = [] -%}
    {%- for unit in golden_units() -%}
        {%- for column in unit.columns -%}{%- do fields.append((column, unit)) -%}{%- endfor -%}
    {%- endfor -%}
    {{ return(fields) }}
{%- endmacro %}

{# Whether a record has anything to say of a unit. #}
{% macro takes_part(unit, row='') -%}
    {%- for column in unit.columns -%}
        {{ row }}{{ column }} is not null{{ ' or ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# What a rule may count first, one pass over all records. #}
{% macro counted_for(unit) -%}
    {%- if 'most_complete' in unit.rules and unit.columns | length > 1 %},
        {{ filled_of(unit.columns) }} as {{ unit.name }}__filled
    {%- endif -%}
    {%- if 'most_frequent' in unit.rules %},
        count(*) over (partition by person_id{% for column in unit.columns %}, {{ compared(column) }}{% endfor %})
        as {{ unit.name }}__times
    {%- endif -%}
{%- endmacro %}

{% macro filled_of(columns) -%}
    {%- for column in columns -%}
        case when {{ column }} is null then 0 else 1 end{{ ' + ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# A value as it is compared with another one: case and white space around it tell nobody apart. #}
{% macro compared(column) -%} lower(trim(cast({{ column }} as {{ type_of('text') }}))) {%- endmacro %}

{#
    The order of records for a unit, the best first: what only adds to what people say comes last, whatever the rules;
    the last three decide whatever is left, always the same way.
#}
{% macro golden_order(unit) -%}
                case when is_enriched then 1 else 0 end,
    {%- if unit.needs %}
                case when {% for column in unit.needs %}{{ column }} is null{{ ' or ' if not loop.last }}{% endfor %} then 1 else 0 end,
    {%- endif -%}
    {%- if unit.name in ['email', 'phone'] %}
                case when {{ unit.name }}__is_dead then 1 else 0 end,
    {%- endif -%}
    {%- for rule in unit.rules %}
                {{ _order_by_rule(rule, unit) }},
    {%- endfor %}
                said_at desc nulls last,
                lifecycle_place,
                record_hash
{%- endmacro %}

{% macro _order_by_rule(rule, unit) -%}
    {%- if rule == 'newest' -%} said_at desc nulls last
    {%- elif rule == 'most_trusted_source' -%}
        {%- if unit.max_age_days %}case when {{ local_day('said_at') }} > {{ days_before(unit.max_age_days) }} then 0 else 1 end,
                {% endif -%}
        {{ trust_place(unit.trust) }}
    {%- elif rule == 'most_complete' -%}
        {{ unit.name ~ '__filled' if unit.columns | length > 1 else 'record__filled' }} desc
    {%- elif rule == 'verified_first' -%}
        case when {{ is_verified(unit) }} then 0 else 1 end
    {%- elif rule == 'longest' -%}
        {% for column in unit.columns %}coalesce(length({{ column }}), 0){{ ' + ' if not loop.last }}{% endfor %} desc
    {%- elif rule == 'most_frequent' -%} {{ unit.name }}__times desc
    {%- endif -%}
{%- endmacro %}

{# 1 the source that is named first; one that is not named stands where `*` stands, or behind them all. #}
{% macro trust_place(trust) -%}
    {%- set others = trust.index('*') + 1 if '*' in trust else trust | length + 1 -%}
    case _source {% for source in trust if source != '*' %}when '{{ source }}' then {{ trust.index(source) + 1 }} {% endfor %}else {{ others }} end
{%- endmacro %}

{% macro is_verified(unit) -%}
    {%- set signs = [] -%}
    {%- if unit.name in ['email', 'phone'] -%}{%- do signs.append(unit.name ~ '__is_verified') -%}{%- endif -%}
    {%- if unit.verified -%}{%- do signs.append('coalesce(' ~ unit.verified ~ ', false)') -%}{%- endif -%}
    {{ signs | join(' or ') }}
{%- endmacro %}

{#
    A field of the record that comes first, as text: an aggregate, as newest_text is. Of a group a field may be NULL on
    the record that gives the others.
#}
{% macro surviving_text(unit, column) -%}
    nullif(substring(
        min(case when {{ takes_part(unit) }} then
            {{ padded(unit.place) }} || coalesce(cast({{ column }} as {{ type_of('text') }}), '')
        end) from 9
    ), '')
{%- endmacro %}

{#
    Every word that a steward has ever said of a field, and whose it is by now, as CTEs whose last is `placed_words`. A
    word belongs to a record (or to the reference that stands for one) and goes where that goes; where that is gone, to
    whoever the person is by now. On a field of a record the newest word counts (`newest_first` is 1): a word that is
    taken back answers those of its own record alone, whoever's that is by then; `answered_at` is when.
#}
{% macro placed_words(condition='1 = 1') -%}
words as (
    select
        overrides.*,
        row_number() over (
            partition by overrides.record_id, overrides.field
            order by overrides.decided_at desc, {{ tie_break('overrides.override_id') }}
        ) as newest_first,
        lead(overrides.decided_at) over (
            partition by overrides.record_id, overrides.field
            order by overrides.decided_at, {{ tie_break('overrides.override_id') }}
        ) as answered_at
    from {{ source('identity', 'overrides') }} as overrides
    where {{ condition }}
),

placed_words as (
    select
        words.*,
        coalesce(
            matched.person_id, identifiers.person_id, merges.person_id, people.person_id
        ) as current_person_id
    from words
    left join {{ ref('int_people__matched') }} as matched on words.record_id = matched.record_id
    left join {{ source('identity', 'person_identifiers') }} as identifiers on words.record_id = identifiers.identifier
    left join {{ source('identity', 'merges') }} as merges on words.person_id = merges.merged_person_id
    left join {{ source('identity', 'people') }} as people on words.person_id = people.person_id
)
{%- endmacro %}

{# A steward's word before what the records say; `overridden` has a row where there is one. #}
{% macro overridden_or(column, value, type='text') -%}
    case when overridden.{{ column }}__is_set = 1 then cast(overridden.{{ column }} as {{ type_of(type) }}) else {{ value }} end
{%- endmacro %}

{# Whether a table has such a row, asked before the model is built: where it has none, its SQL does without. #}
{% macro has_rows(relation, condition) -%}
    {%- if not execute or not load_relation(relation) -%}{{ return(false) }}{%- endif -%}
    {{ return(run_query('select 1 as found from ' ~ relation ~ ' where ' ~ condition ~ ' limit 1').rows | length > 0) }}
{%- endmacro %}
