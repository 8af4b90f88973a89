-- People of whom no record names a company or an account, by a work address of theirs: what an enrichment source may be
-- asked of them (`ask: people_without_company`). Who has objected to profiling, or is never to be contacted, is not
-- asked about, whatever the source's lawful basis; of one whose basis is consent only who has said yes. One row an
-- address.
with records as (
    select
        records.*,
        matched.person_id
    from {{ ref('int_people__cleaned') }} as records
    inner join {{ ref('int_people__matched') }} as matched on records.record_id = matched.record_id
    where not records.is_enriched
),

-- a person who is known to work somewhere is asked nothing of
employed as (
    select distinct person_id
    from records
    where company is not null or account_key is not null
),

profiling as (
    select
        person_id,
        max(case when allowed then 1 else 0 end) as may_be,
        max(case when reason in ('withdrawn', 'unsubscribed', 'complained') then 1 else 0 end) as has_objected
    from {{ ref('contactability') }}
    where purpose = 'profiling'
    group by person_id
),

never as (
    select identifier_md5 from {{ ref('suppressed_identifiers') }}
),

final as (
    select
        cast(records.email as {{ type_of('text') }}) as value,
        cast(max(profiling.may_be) as {{ type_of('integer') }}) as priority
    from records
    inner join profiling on records.person_id = profiling.person_id
    left join employed on records.person_id = employed.person_id
    left join never on {{ dbt.hash(email_ref('records.email')) }} = never.identifier_md5
    where
        records.email is not null
        and {{ work_domain('records.email') }} is not null
        and not records.is_role_address
        and not records.is_disposable_address
        and employed.person_id is null
        and never.identifier_md5 is null
        and profiling.has_objected = 0
        and ({{ asks_without_consent('people_without_company') }} or profiling.may_be = 1)
    group by records.email
)

select * from final
