-- Companies that nobody knows more of than their e-mail domain: what an enrichment source may be asked (`ask:
-- work_domains`). A domain is no person's datum. Those of most people go first. One row a domain.
with records as (
    select * from {{ ref('int_people__cleaned') }}
    where not is_enriched
),

known as (
    select distinct lower(domain) as domain
    from {{ ref('int_accounts__unioned') }}
    where domain is not null
),

domains as (
    select
        {{ work_domain('email') }} as domain,
        count(*) as people
    from records
    where
        email is not null
        and company is null
        and account_key is null
        and not is_disposable_address
    group by {{ work_domain('email') }}
),

final as (
    select
        cast(domains.domain as {{ type_of('text') }}) as value,
        cast(domains.people as {{ type_of('integer') }}) as priority
    from domains
    left join known on domains.domain = known.domain
    where domains.domain is not null and known.domain is null
)

select * from final
