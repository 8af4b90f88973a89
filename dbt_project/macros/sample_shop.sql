{# What makes a till's line and receipt one of a kind: numbers start again in every store and on every day. #}
{% macro till_line_key() -%}
    {{ return(["coalesce(store, '')", 'cast(sold_at as date)', 'receipt_no', 'line_no']) }}
{%- endmacro %}

{% macro till_receipt_key() -%}
    'sample_shop:till:' || coalesce(trim(store), '') || ':' || cast(cast(sold_at as date) as {{ type_of('text') }})
    || ':' || trim(receipt_no)
{%- endmacro %}
