{#
    Data quality: what is measured of which entity each night (docs/reference/data_quality.md). Of events and messages
    the rows of the last 28 days are measured, of the others all that stand at D.
#}
{% macro quality_entities() -%}
    {%- set instants = {
        'people': 'updated_at', 'accounts': 'updated_at', 'orders': 'ordered_at', 'order_lines': none,
        'products': 'updated_at', 'events': 'occurred_at', 'messages': 'occurred_at', 'consents': 'occurred_at',
        'ad_spend': none, 'deals': 'updated_at', 'subscriptions': none, 'tickets': 'created_at',
        'survey_answers': 'answered_at', 'registrations': 'registered_at', 'social_posts': 'posted_at',
    } -%}
    {{ return(instants) }}
{%- endmacro %}

{# The fields of an entity, its extra columns too. #}
{% macro quality_fields(entity) -%}
    {{ return(entity_columns(entity).keys() | reject('in', ['_source', '_day']) | list) }}
{%- endmacro %}

{# The fields that no two rows of a source may share. #}
{% macro quality_unique(entity) -%}
    {%- set key = quality_fields(entity)[0] -%}
    {{ return([key] + (['email', 'phone', 'loyalty_card'] if entity == 'people' else [])) }}
{%- endmacro %}

{# Field -> [relation, column] of what a field of an entity names: the rows are joined with it once, as <field>__known. #}
{% macro quality_references(entity) -%}
    {%- set people = [source('identity', 'person_identifiers'), 'identifier'] -%}
    {{ return({
        'orders': {'person_ref': people}, 'consents': {'person_ref': people}, 'deals': {'person_ref': people},
        'tickets': {'person_ref': people},
        'order_lines': {
            'order_key': [ref('int_orders__unioned'), 'order_key'],
            'product_key': [ref('int_products__unioned'), 'product_key'],
        },
    }.get(entity, {})) }}
{%- endmacro %}

{#
    [field, measure, condition] of an entity: a condition that is NULL says nothing of its row. `consistency` holds
    fields against each other and references against what they name, `validity` a value against what it may be.
#}
{% macro quality_conditions(entity) -%}
    {%- set built_in = {
        'people': [
            ['updated_at', 'consistency', 'updated_at >= created_at'],
            ['birth_date', 'consistency', 'birth_date < cast(created_at as date)'],
            ['last_name', 'consistency', 'case when coalesce(first_name, last_name) is not null'
                ~ ' then first_name is not null and last_name is not null end'],
            ['city', 'consistency', 'case when postal_code is not null then city is not null end'],
        ],
        'accounts': [['updated_at', 'consistency', 'updated_at >= created_at']],
        'orders': [
            ['revenue', 'consistency', 'case when is_return then revenue <= 0 else revenue >= 0 end'],
            ['currency', 'consistency', 'case when revenue <> 0 then currency is not null end'],
            ['status', 'validity', "status in ('completed', 'cancelled')"],
            ['channel', 'validity', "channel in ('web', 'app', 'store', 'trade')"],
        ],
        'products': [['price', 'validity', 'price >= 0']],
        'events': [['received_at', 'consistency', seconds_after('received_at', 3600) ~ ' >= occurred_at']],
        'messages': [['event', 'validity', is_known_word('event')]],
        'consents': [
            ['status', 'validity', "lower(status) in ('granted', 'withdrawn')"],
        ],
        'deals': [
            ['closed_at', 'consistency', 'closed_at >= created_at'],
            ['status', 'validity', "status in ('open', 'won', 'lost')"],
        ],
        'subscriptions': [
            ['cancelled_at', 'consistency', 'cancelled_at >= started_at'],
            ['status', 'validity', "status in ('active', 'cancelled', 'expired')"],
        ],
        'tickets': [
            ['closed_at', 'consistency', 'closed_at >= created_at'],
        ],
        'survey_answers': [['score', 'validity', 'score >= 0']],
    } -%}
    {%- set conditions = [] -%}
    {%- for field in quality_references(entity) -%}
        {%- do conditions.append([
            field, 'consistency', 'case when ' ~ field ~ ' is not null then ' ~ field ~ '__known is not null end'
        ]) -%}
    {%- endfor -%}
    {%- for rule in var('quality', {}).get('valid', []) if rule.entity == entity -%}
        {%- do conditions.append([rule.field, 'validity', declared_condition(rule)]) -%}
    {%- endfor -%}
    {%- set declared = conditions | map(attribute=0) | list -%}
    {%- for field, measure, condition in built_in.get(entity, []) -%}
        {%- if not (measure == 'validity' and field in declared) -%}
            {%- do conditions.append([field, measure, condition]) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(conditions) }}
{%- endmacro %}

{#
    [table, column] of every raw column that has a normalised twin: an address that is none has none. Asked of the graph
    and the engine, so only when something is built.
#}
{% macro raw_identifiers() -%}
    {%- if not execute -%}{{ return([]) }}{%- endif -%}
    {%- set found = [] -%}
    {%- for node in graph.sources.values() if node.schema == 'raw' -%}
        {%- set relation = api.Relation.create(
            database=node.database, schema=node.schema, identifier=node.identifier
        ) -%}
        {%- if load_relation(relation) -%}
            {%- for column in adapter.get_columns_in_relation(relation) if column.name.endswith('__normalised') -%}
                {%- do found.append([relation, column.name | replace('__normalised', '')]) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{# A rule of insight/quality.yml as SQL; NULL of NULL. #}
{% macro declared_condition(rule) -%}
    {%- set text = 'cast(' ~ rule.field ~ ' as ' ~ type_of('text') ~ ')' -%}
    {%- set parts = [rule.field ~ ' is not null'] -%}
    {%- if rule['values'] is not none -%}
        {%- set quoted = [] -%}
        {%- for value in rule['values'] %}{% do quoted.append(literal(value | string)) %}{% endfor -%}
        {%- do parts.append(text ~ ' in (' ~ quoted | join(', ') ~ ')') -%}
    {%- endif -%}
    {%- if rule.min is not none %}{% do parts.append(rule.field ~ ' >= ' ~ literal(rule.min)) %}{% endif -%}
    {%- if rule.max is not none %}{% do parts.append(rule.field ~ ' <= ' ~ literal(rule.max)) %}{% endif -%}
    {%- if rule.matches is not none -%}
        {%- do parts.append(matches_whole(text, rule.matches)) -%}
    {%- endif -%}
    case when {{ rule.field }} is not null then {{ parts | join(' and ') }} end
{%- endmacro %}

{# Whether a regular expression matches the whole of a text. #}
{% macro matches_whole(text, pattern) -%}
    {{ return(adapter.dispatch('matches_whole')(text, pattern)) }}
{%- endmacro %}

{% macro duckdb__matches_whole(text, pattern) -%}
    regexp_full_match({{ text }}, {{ literal(pattern) }})
{%- endmacro %}

{% macro postgres__matches_whole(text, pattern) -%}
    ({{ text }} ~ {{ literal('^(?:' ~ pattern ~ ')$') }})
{%- endmacro %}

{% macro spark__matches_whole(text, pattern) -%}
    ({{ text }} rlike {{ literal('^(?:' ~ pattern ~ ')$') }})
{%- endmacro %}
