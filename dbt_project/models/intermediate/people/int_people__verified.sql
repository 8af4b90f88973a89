-- What is known of e-mail addresses and telephone numbers: whether something arrived there, and whether it bounced for
-- good. One row an address that was ever written to, or confirmed twice.
{{ config(materialized='table') }}

with messages as (
    select
        email,
        phone,
        event,
        occurred_at,
        coalesce(
            {{ stopping_word('event') }} = 'bounced' and (is_hard_bounce or {{ is_hard_word('event') }}), false
        ) as is_hard_bounce
    from {{ ref('int_messages__distinct') }}
    where occurred_on <= {{ day() }}
),

confirmed as (
    select
        coalesce({{ email_ref('consents.email') }}, consents.person_ref) as email_ref,
        coalesce({{ phone_ref('consents.phone') }}, consents.person_ref) as phone_ref
    from {{ ref('int_consents__unioned') }} as consents
    where {{ is_grant('consents') }} and {{ letters('consents.collected_by') }} like '%doubleoptin%'
),

signs as (
    {%- for column in ['email', 'phone'] %}
    select
        '{{ column }}:' || {{ column }} as identifier,
        case when event in ('delivered', 'opened', 'clicked') then occurred_at end as arrived_at,
        case when is_hard_bounce then occurred_at end as bounced_at,
        0 as is_confirmed
    from messages
    where {{ column }} is not null and (is_hard_bounce or event in ('delivered', 'opened', 'clicked'))
    union all
    select
        {{ column }}_ref,
        cast(null as {{ type_of('timestamp') }}),
        cast(null as {{ type_of('timestamp') }}),
        1
    from confirmed
    where {{ column }}_ref like '{{ column }}:%'
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

final as (
    select
        identifier,
        (max(arrived_at) is not null or max(is_confirmed) = 1) and max(bounced_at) is null as is_verified,
        -- what arrives after it shows that the mailbox is there again
        coalesce(max(bounced_at) >= coalesce(max(arrived_at), max(bounced_at)), false) as is_dead
    from signs
    group by identifier
)

select * from final
