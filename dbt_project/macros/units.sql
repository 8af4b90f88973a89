{#
    Whom a sync counts as one: a person, their household or their account. Who has none of these is one of their own.

    per    the column of activation.syncs that says it · people   what has the person's ids
#}
{% macro unit_of(per, people) -%}
    coalesce(
        case {{ per }} when 'household' then {{ people }}.household_id when 'account' then {{ people }}.account_id end,
        {{ people }}.person_id
    )
{%- endmacro %}
