{#
    What the words of others mean, each list in one place. A visit or a lead that was paid for: the mediums of the usual
    channel groupings; `social` alone is no advertisement.
#}
{% macro is_paid(column) -%}
    {{ has_word(column, [
        'paid', 'paidsearch', 'paidsocial', 'paidvideo', 'paidshopping', 'cpc', 'ppc', 'cpm', 'cpv', 'cpa', 'sem', 'ad',
        'ads', 'adwords', 'advert', 'adverts', 'advertising', 'advertisement', 'display', 'banner', 'interstitial',
        'retargeting', 'remarketing', 'sponsored',
    ]) }}
{%- endmacro %}

{% macro is_referral(column) -%}
    {{ has_word(column, [
        'referral', 'referrals', 'referred', 'recommendation', 'recommended', 'word[^a-z0-9]*of[^a-z0-9]*mouth',
    ]) }}
{%- endmacro %}

{% macro is_webinar(column) -%} {{ has_word(column, ['webinar', 'webinars', 'webcast', 'webcasts']) }} {%- endmacro %}

{% macro is_fair(column) -%}
    {{ has_word(column, [
        'fair', 'fairs', 'tradefair', 'trade[^a-z0-9]*shows?', 'event', 'events', 'conference', 'conferences',
        'exhibition', 'expo',
    ]) }}
{%- endmacro %}

{% macro is_form(column) -%}
    {{ has_word(column, ['form', 'forms', 'webform', 'web', 'website', 'landing[^a-z0-9]*page']) }}
{%- endmacro %}

{% macro is_list(column) -%} {{ has_word(column, ['list', 'lists']) }} {%- endmacro %}

{# Customers on the net promoter score; `eNPS` asks a company's own people. #}
{% macro is_nps(column) -%}
    {{ has_word(column, ['nps', 'net[^a-z0-9]*promoter([^a-z0-9]*score)?']) }}
{%- endmacro %}

{# A lead of whom nobody expects anything any more, or who has become a customer. NULL of NULL. #}
{% macro is_closed_lead(status) -%}
    {{ letters(status) }} in (
        'converted', 'disqualified', 'unqualified', 'lost', 'won', 'closed', 'closedwon', 'closedlost',
        'closedconverted', 'closednotconverted', 'junk', 'rejected', 'dead'
    )
{%- endmacro %}

{# 1 a woman, 0 anybody else who has said, NULL where nothing is known. #}
{% macro is_female(gender) -%}
    {%- set unknown = ['', 'u', 'unknown', 'na', 'none', 'notspecified', 'undisclosed', 'prefernottosay'] -%}
    case
        when {{ letters(gender) }} in ('f', 'female', 'woman', 'w') then 1
        when {{ letters(gender) }} in ('{{ unknown | join("', '") }}') then null
        when {{ gender }} is not null then 0
    end
{%- endmacro %}

{#
    The domain of an e-mail address that a company has; NULL of a provider's, which anybody may have
    (core/building/mail_providers.csv, passed as a variable).
#}
{% macro work_domain(email) -%}
    {%- set domain = dbt.split_part(email, "'@'", 2) -%}
    case when {{ domain }} not in ('', '{{ var('mail_providers', []) | join("', '") }}') then {{ domain }} end
{%- endmacro %}
