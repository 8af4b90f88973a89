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
    The domain of an e-mail address that a company has; NULL of a provider's, which anybody may have. The list is of the
    providers that most people use, and wrong about a small one.
#}
{% macro work_domain(email) -%}
    {%- set domain = dbt.split_part(email, "'@'", 2) -%}
    case
        when {{ domain }} not in (
            '', 'gmail.com', 'googlemail.com', 'yahoo.com', 'yahoo.co.uk', 'yahoo.fr', 'yahoo.de', 'yahoo.es',
            'yahoo.it', 'yahoo.co.jp', 'yahoo.co.in', 'ymail.com', 'rocketmail.com', 'hotmail.com', 'hotmail.co.uk',
            'hotmail.fr', 'hotmail.de', 'hotmail.it', 'hotmail.es', 'outlook.com', 'outlook.de', 'outlook.fr',
            'live.com', 'live.co.uk', 'live.fr', 'live.nl', 'msn.com', 'icloud.com', 'me.com', 'mac.com', 'aol.com',
            'aim.com', 'gmx.de', 'gmx.net', 'gmx.com', 'gmx.at', 'gmx.ch', 'web.de', 't-online.de', 'freenet.de',
            'mail.com', 'email.com', 'mail.ru', 'yandex.ru', 'yandex.com', 'bk.ru', 'inbox.ru', 'list.ru',
            'proton.me', 'protonmail.com', 'pm.me', 'tutanota.com', 'fastmail.com', 'zoho.com', 'orange.fr',
            'wanadoo.fr', 'free.fr', 'laposte.net', 'sfr.fr', 'neuf.fr', 'libero.it', 'virgilio.it', 'tin.it',
            'alice.it', 'tiscali.it', 'btinternet.com', 'sky.com', 'virginmedia.com', 'ntlworld.com', 'talktalk.net',
            'ziggo.nl', 'kpnmail.nl', 'telenet.be', 'skynet.be', 'bluewin.ch', 'seznam.cz', 'centrum.cz', 'wp.pl',
            'o2.pl', 'onet.pl', 'interia.pl', 'telia.com', 'comcast.net', 'verizon.net', 'att.net', 'sbcglobal.net',
            'bellsouth.net', 'cox.net', 'charter.net', 'shaw.ca', 'rogers.com', 'bigpond.com', 'optusnet.com.au',
            'uol.com.br', 'bol.com.br', 'terra.com.br', 'qq.com', '163.com', '126.com', 'sina.com', 'naver.com',
            'daum.net', 'hanmail.net', 'rediffmail.com',
            {#- those of the sample shop's people, in names that are set aside for examples #}
            'example.com', 'example.net', 'example.org', 'mail.example', 'post.example', 'inbox.example',
            'letters.example'
        ) then {{ domain }}
    end
{%- endmacro %}
