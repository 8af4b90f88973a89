{#
    Whether a lower-case user agent names a mail scanner, a robot or a script. The bare `Mozilla/5.0` is Apple's Mail
    Privacy Protection, which fetches every image on its own time; Google's and Yahoo's image proxies fetch when a human
    opens.
#}
{% macro is_scanner(agent) -%}
    {%- set marks = [
        'barracuda', 'mimecast', 'proofpoint', 'urldefense', 'safelinks', 'symantec', 'messagelabs', 'trendmicro',
        'fireeye', 'sophos', 'forcepoint', 'ironport', 'scanner', 'crawler', 'spider', 'bot/', 'headless', 'phantomjs',
        'python-requests', 'python-urllib', 'curl/', 'wget/', 'go-http-client', 'okhttp', 'java/',
    ] -%}
    (
        {{ agent }} = 'mozilla/5.0' or
        {%- for mark in marks %}
        {{ agent }} like '%{{ mark }}%'{% if not loop.last %} or{% endif %}
        {%- endfor %}
    )
{%- endmacro %}
