"""Whose people are whose: a steward's word, the CRM's key, an e-mail's domain, a company's name, in this order."""

from typing import Any

import pyarrow as pa

from people.groups import normal_forms as forms
from people.groups.accounts import company_name, digits
from people.groups.hierarchy import MOST_LABELS
from people.groups.schemas import ACCOUNT_PEOPLE, DOUBTS
from people.groups.spec import AccountSpec
from people.linkage.cleaning import CLEANERS

# one row a record of somebody
RECORDS = pa.schema(
    {
        "record_id": "string", "person_id": "string", "email": "string", "company": "string", "account_key": "string",
        "updated_at": "timestamp[us]",
    }
)  # fmt: skip
WAYS = {"steward": (0, 1.0), "crm": (1, 1.0), "domain": (2, 0.9), "name": (3, 0.8), "similar_name": (4, 0.8)}
MOST_PAIRS_OF_A_START = 200_000  # names that begin alike are compared with each other; more are left out
MOST_DOUBTS = 1000  # of a kind: a list that somebody reads
# whose a domain is: the one account that claims it, or the one that is above all who do
OWNERS = """
    create or replace temp table owners as
    with claims as (
        select domain_claims.domain, domain_claims.account_id, accounts.top_account_id from domain_claims
        inner join accounts using (account_id)
    )
    select domain, case
            when count(*) = 1 then min(account_id)
            when count(distinct top_account_id) = 1 and bool_or(account_id = top_account_id) then min(top_account_id)
        end as account_id,
        string_agg(account_id, ', ' order by account_id) as account_ids
    from claims group by domain"""
# the domain of each record's address, and those above it
DOMAINS = """
    create or replace temp table domains as
    with said as (select distinct domain from people_given where domain is not null), above as (
        select domain as said, array_to_string(string_split(domain, '.')[cut + 1:], '.') as domain, cut
        from said, range(0, {most} + 1) as cuts (cut)
        where length(said.domain) - length(replace(said.domain, '.', '')) > cut
    )
    select said, arg_min(owners.domain, cut) as domain from above inner join owners using (domain)
    where said not in (select domain from providers) group by said"""
NAMES = """
    create or replace temp table account_names as
    select name, min(group_id) as account_id, count(distinct group_id) as accounts,
        string_agg(distinct group_id, ', ' order by group_id) as account_ids
    from companies inner join keys using (account_key) where name is not null group by name"""
# of the names that no account bears, the nearest ones
SIMILAR = """
    create or replace temp table similar_names as
    with said as (
        select distinct company as name, left(company, 4) as start from people_given
        where company is not null and company not in (select name from account_names)
    ), listed as (select *, left(name, 4) as start from account_names), sizes as (
        select start, (select count(*) from said where said.start = listed.start) * count(*) as pairs
        from listed group by start
    ), compared as (
        select said.name, listed.name as theirs, account_id, accounts, account_ids,
            jaro_winkler_similarity(said.name, listed.name) as likeness
        from said inner join listed using (start) inner join sizes using (start)
        where pairs <= {most} and {digits_of_said} = {digits_of_listed}
    )
    select name, max(likeness) as likeness, arg_max(account_id, likeness) as account_id,
        arg_max(theirs, likeness) as theirs, count(distinct account_id) + max(accounts) - 1 as accounts
    from compared where likeness >= {review} group by name"""
EVIDENCE = {
    "steward": """
        select a.person_id, b.group_id as account_id, 1.0 as likeness, words.member_b as evidence, a.age
        from words inner join people_given as a on words.member_a = a.record_id
        inner join keys as b on words.member_b = b.account_key where verdict = 'same'""",
    "crm": """
        select person_id, keys.group_id, 1.0, people_given.account_key, age
        from people_given inner join keys using (account_key)""",
    "domain": """
        select person_id, owners.account_id, 1.0, owners.domain, age
        from people_given inner join domains on people_given.domain = domains.said
        inner join owners on domains.domain = owners.domain where owners.account_id is not null""",
    "name": """
        select person_id, account_id, 1.0, company, age
        from people_given inner join account_names on company = name where accounts = 1""",
    "similar_name": """
        select person_id, account_id, likeness, company || ' ~ ' || theirs, age
        from people_given inner join similar_names on company = name where likeness >= $join and accounts = 1""",
}
CHOSEN = """
    select person_id, account_id, linked_by, confidence * likeness as confidence, evidence from evidence
    where not exists (
        select 1 from words inner join people_given on words.member_a = people_given.record_id
        inner join keys on words.member_b = keys.account_key
        where verdict = 'different' and people_given.person_id = evidence.person_id
            and keys.group_id = evidence.account_id
    )
    qualify row_number() over (partition by person_id order by place, likeness desc, age, account_id) = 1
    order by person_id"""


def link(db: Any, spec: AccountSpec, records: pa.Table, accounts: pa.Table) -> tuple[pa.Table, pa.Table]:
    """ACCOUNT_PEOPLE without since_day, and doubts. `companies`, `keys`, `words` stand on the workbench."""
    _prepare(db, records, accounts)
    for step in (OWNERS, DOMAINS.format(most=MOST_LABELS), NAMES):
        db.execute(step)
    numbers = {"digits_of_said": digits("said.name"), "digits_of_listed": digits("listed.name")}
    db.execute(SIMILAR.format(most=MOST_PAIRS_OF_A_START, review=spec.names.review, **numbers))
    db.execute("create or replace temp table evidence (person_id varchar, account_id varchar, likeness double,"
               " evidence varchar, age bigint, linked_by varchar, place integer, confidence double)")  # fmt: skip
    for way, (place, confidence) in WAYS.items():
        if way == "steward" or way in spec.linked_by:
            sql = f"insert into evidence select *, '{way}', {place}, {confidence} from ({EVIDENCE[way]})"
            db.execute(sql, {"join": spec.names.join} if "$join" in sql else {})
    names = [name for name in ACCOUNT_PEOPLE.names if name != "since_day"]
    chosen = db.execute(CHOSEN).to_arrow_table().select(names)
    chosen = chosen.cast(pa.schema([ACCOUNT_PEOPLE.field(name) for name in names]))
    return chosen, _doubts(db, spec, chosen)


def _prepare(db: Any, records: pa.Table, accounts: pa.Table) -> None:
    read = {
        "record_id": records["record_id"], "person_id": records["person_id"], "account_key": records["account_key"],
        "updated_at": records["updated_at"], "domain": forms.folded(records["email"], forms.domain_text),
        "company": forms.folded(records["company"], CLEANERS["company"]),
    }  # fmt: skip
    for name, table in (("accounts_read", accounts), ("people_read", pa.table(read))):
        db.register(name, table)
    db.execute("create or replace temp table accounts as select * from accounts_read")
    db.execute(f"""create or replace temp table people_given as
        select * replace ({company_name("company")} as company), row_number() over (
            partition by person_id order by updated_at desc nulls last, md5(record_id)
        ) as age from people_read""")
    for name in ("accounts_read", "people_read"):
        db.unregister(name)


def _doubts(db: Any, spec: AccountSpec, chosen: pa.Table) -> pa.Table:
    """Domains and names that several accounts bear, with how many people wait for an answer; names that are near."""
    db.register("chosen", chosen)
    found = db.execute(
        f"""with waiting as (select * from people_given anti join chosen using (person_id)), doubts as (
            select 'ambiguous_domain' as kind, owners.domain as name, account_ids,
                count(distinct waiting.person_id) as people, 'several accounts claim it' as detail
            from owners left join domains using (domain) left join waiting on domains.said = waiting.domain
            where owners.account_id is null group by all
            union all
            select 'ambiguous_name', name, account_ids, count(distinct waiting.person_id), 'several accounts bear it'
            from account_names left join waiting on waiting.company = name where accounts > 1 group by all
            union all
            select 'similar_names', name, account_id, count(distinct waiting.person_id),
                'like ' || theirs || ' by ' || round(likeness, 3)
            from similar_names inner join waiting on waiting.company = name group by all
        )
        select * from doubts
        qualify row_number() over (partition by kind order by people desc, name) <= {MOST_DOUBTS}
        order by kind, people desc, name""",
    )
    table = found.to_arrow_table().cast(DOUBTS)
    db.unregister("chosen")
    return table
