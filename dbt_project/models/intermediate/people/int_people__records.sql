-- What every record of a person says of who they are, as far as records are compared by it (reference/identity.md).
-- Spelling is left as it is: what is compared is cleaned by people/linkage, the same on every engine. One row a record.
{{ config(materialized='table') }}

with people as (
    select
        *,
        {{ first_seen('created_at') }} as first_seen_day
    from {{ ref('int_people__unioned') }}
    where record_id is not null
),

accounts as (
    select
        account_key,
        min(name) as name,
        min(domain) as domain
    from {{ ref('int_accounts__unioned') }}
    where account_key is not null
    group by account_key
),

named as (
    select
        people.*,
        coalesce(people.company, accounts.name) as company_name,
        coalesce({{ work_domain('people.email') }}, accounts.domain) as work_domain
    from people
    left join accounts on people.account_key = accounts.account_key
),

final as (
    select
        record_id,
        _source as source,
        first_seen_day,
        first_name,
        last_name,
        {{ clean("coalesce(first_name, '') || ' ' || coalesce(last_name, '')") }} as full_name,
        birth_date,
        email,
        phone,
        street,
        city,
        postal_code,
        country,
        company_name as company,
        work_domain,
        coalesce({{ strong_id('named', 1) }}, {{ id_ref('loyalty', 'loyalty_card') }}) as strong_id
    from named
)

select * from final
