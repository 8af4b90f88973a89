{#
    The value of `column` on the row of lowest rank where it is not null, as text: an aggregate. The rank goes in front,
    padded, so that the smallest text is the newest; one pass for any number of columns, on every engine.
#}
{% macro newest_text(column, rank) -%}
    substring(
        min(case when {{ column }} is not null then
            {{ padded(rank) }} || cast({{ column }} as {{ type_of('text') }})
        end) from 9
    )
{%- endmacro %}

{# Eight digits: ranks sort as texts. #}
{% macro padded(rank) -%}
    right('0000000' || cast({{ rank }} as {{ type_of('text') }}), 8)
{%- endmacro %}
