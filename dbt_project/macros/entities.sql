{#
    The entities: what every staging model maps to. This file is the contract (docs/reference/contracts.md, "Entities").
    The first column is the key. `_source` and `_day` belong to every entity.
#}
{% macro entity_contracts() -%}
    {%- set t, i, n, b, ts, d = 'text', 'integer', 'money', 'boolean', 'timestamp', 'date' -%}
    {{ return({
        'people': {
            'record_id': t, 'person_ref': t, 'email': t, 'phone': t, 'first_name': t, 'last_name': t, 'birth_date': d,
            'gender': t, 'country': t, 'region': t, 'city': t, 'postal_code': t, 'street': t, 'language': t,
            'time_zone': t, 'company': t, 'account_key': t, 'lifecycle': t, 'loyalty_card': t, 'loyalty_points': i, 'loyalty_tier': t,
            'strong_ids': t, 'lead_status': t, 'lead_source': t, 'created_at': ts, 'updated_at': ts,
        },
        'accounts': {
            'account_key': t, 'name': t, 'domain': t, 'industry': t, 'employees': i, 'annual_revenue': n, 'country': t,
            'owner': t, 'parent_account_key': t, 'created_at': ts, 'updated_at': ts,
        },
        'orders': {
            'order_key': t, 'person_ref': t, 'account_key': t, 'ordered_at': ts, 'channel': t, 'status': t,
            'is_return': b, 'currency': t, 'revenue': n, 'discount': n, 'coupon': t, 'country': t,
        },
        'order_lines': {
            'order_line_key': t, 'order_key': t, 'product_key': t, 'product_name': t, 'quantity': i, 'unit_price': n,
            'revenue': n,
        },
        'products': {
            'product_key': t, 'name': t, 'category': t, 'price': n, 'cost': n, 'currency': t, 'stock_quantity': i,
            'updated_at': ts,
        },
        'events': {
            'event_key': t, 'person_ref': t, 'device_ref': t, 'occurred_at': ts, 'received_at': ts, 'event': t,
            'platform': t, 'session_key': t, 'product_key': t, 'page_url': t, 'referrer': t, 'utm_source': t,
            'utm_medium': t, 'utm_campaign': t, 'revenue': n,
        },
        'messages': {
            'message_event_key': t, 'message_key': t, 'person_ref': t, 'email': t, 'phone': t, 'channel': t,
            'campaign': t, 'event': t, 'is_hard_bounce': b, 'url': t, 'user_agent': t, 'ip': t, 'occurred_at': ts,
        },
        'consents': {
            'consent_key': t, 'person_ref': t, 'email': t, 'phone': t, 'channel': t, 'purpose': t, 'status': t,
            'wording_version': t, 'collected_by': t, 'ip': t, 'occurred_at': ts,
        },
        'ad_spend': {
            'ad_spend_key': t, 'spend_day': d, 'platform': t, 'campaign_id': t, 'campaign': t, 'cost': n,
            'currency': t, 'impressions': i, 'clicks': i, 'conversions': i,
        },
        'deals': {
            'deal_key': t, 'person_ref': t, 'account_key': t, 'name': t, 'stage': t, 'status': t, 'amount': n,
            'currency': t, 'created_at': ts, 'closed_at': ts, 'updated_at': ts,
        },
        'subscriptions': {
            'subscription_key': t, 'person_ref': t, 'account_key': t, 'plan': t, 'status': t, 'price': n,
            'currency': t, 'started_at': ts, 'renews_at': ts, 'cancelled_at': ts,
        },
        'tickets': {
            'ticket_key': t, 'person_ref': t, 'subject': t, 'priority': t, 'status': t, 'created_at': ts,
            'closed_at': ts, 'satisfaction': i,
        },
        'survey_answers': {
            'answer_key': t, 'person_ref': t, 'survey': t, 'question': t, 'score': i, 'answer_text': t,
            'answered_at': ts,
        },
        'registrations': {
            'registration_key': t, 'person_ref': t, 'event_name': t, 'event_kind': t, 'registered_at': ts,
            'attended': b, 'attended_minutes': i,
        },
        'social_posts': {
            'post_key': t, 'person_ref': t, 'network': t, 'handle': t, 'text': t, 'url': t, 'posted_at': ts,
        },
    }) }}
{%- endmacro %}

{# Column -> type of one entity, its extra columns, `_source` and `_day` included. #}
{% macro entity_columns(name) -%}
    {%- set contracts = entity_contracts() -%}
    {%- if name not in contracts -%}
        {{ exceptions.raise_compiler_error("No entity '" ~ name ~ "'. Entities: " ~ contracts.keys() | join(', ')) }}
    {%- endif -%}
    {%- set columns = dict(contracts[name]) -%}
    {%- do columns.update(extra_types(name)) -%}
    {%- do columns.update({'_source': 'text', '_day': 'date'}) -%}
    {{ return(columns) }}
{%- endmacro %}

{# The entity's columns as a select list, each behind `alias`. #}
{% macro columns_of(name, alias) -%}
    {%- for column in entity_columns(name) -%}
        {{ alias }}.{{ column }}{% if not loop.last %}, {% endif %}
    {%- endfor -%}
{%- endmacro %}
