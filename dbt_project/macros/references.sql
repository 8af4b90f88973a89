{#
    References: one qualified identifier for a human, a company or a thing. NULL parts give NULL.
    email:ann@example.com · phone:+44… · id:shop:4711 · device:abc · handle:mastodon:@ann
#}
{% macro email_ref(column) -%} 'email:' || {{ column }} {%- endmacro %}
{% macro phone_ref(column) -%} 'phone:' || {{ column }} {%- endmacro %}
{% macro device_ref(column) -%} 'device:' || {{ clean(column) }} {%- endmacro %}
{% macro id_ref(namespace, column) -%} 'id:{{ namespace }}:' || {{ clean(column) }} {%- endmacro %}
{% macro handle_ref(network, handle) -%} 'handle:' || lower({{ clean(network) }}) || ':' || lower({{ clean(handle) }}) {%- endmacro %}

{# A native key qualified by its source, with an optional kind between: sample_shop:return:R1. #}
{% macro native_key(source, column, kind=none) -%}
    '{{ source }}:{{ kind ~ ":" if kind else "" }}' || {{ clean(column) }}
{%- endmacro %}
