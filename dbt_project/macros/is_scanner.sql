{# Whether a lower-case user agent names a mail scanner, a robot or a script. #}
{% macro is_scanner(agent) -%}
    {%- set marks = [
        'barracuda', 'mimecast', 'proofpoint', 'urldefense', 'safelinks', 'symantec', 'messagelabs', 'trendmicro',
        'fireeye', 'sophos', 'forcepoint', 'ironport', 'scanner', 'crawler', 'spider', 'bot/', 'headless', 'phantomjs',
        'python-requests', 'python-urllib', 'curl/', 'wget/', 'go-http-client', 'okhttp', 'java/',
    ] -%}
    (
        {%- for mark in marks %}
        {{ agent }} like '%{{ mark }}%'{% if not loop.last %} or{% endif %}
        {%- endfor %}
    )
{%- endmacro %}
