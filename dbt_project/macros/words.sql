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

{# 1 a woman, 0 anybody else who has said, NULL where nothing is known; in the languages of connectors/understand. #}
{% macro is_female(gender) -%}
    {%- set female = [
        'f', 'female', 'woman', 'w', 'weiblich', 'frau', 'femme', 'féminin', 'feminin', 'mujer', 'femenino', 'mulher',
        'feminino', 'donna', 'femmina', 'femminile', 'vrouw', 'vrouwelijk', 'kobieta', 'k', 'žena', 'zena', 'kvinna',
        'kvinde', 'kvinne', 'nainen', 'nő', 'femeie', 'kadın', 'kadin', 'dona', 'ж', 'женский', 'жінка', 'женщина',
        'γυναίκα', '女', '女性', '여', '여성', 'أنثى', '2'
    ] -%}
    {%- set unknown = [
        '', 'u', '0', '9', 'unknown', 'n/a', 'na', 'none', 'null', 'not specified', 'undisclosed', '?',
        'prefer not to say', 'unbekannt', 'k.a.', 'keine angabe', 'inconnu', 'non renseigné', 'desconocido',
        'desconhecido', 'sconosciuto', 'onbekend', 'nieznana', 'неизвестно', '不明', '未知'
    ] -%}
    {%- set word = "lower(trim(replace(replace(" ~ gender ~ ", '_', ' '), '-', ' ')))" -%}
    case
        when {{ word }} in ('{{ female | join("', '") }}') then 1
        when {{ word }} in ('{{ unknown | join("', '") }}') then null
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
