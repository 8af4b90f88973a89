"""Which rows of `accounts` are one company: by domain and name, and across sources by name alone.

Set-based, on the workbench; docs/reference/accounts.md says the rules in words.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from core.building.mail_providers import mail_providers
from people.groups import normal_forms as forms
from people.groups.schemas import PARTS
from people.groups.spec import AccountSpec
from people.linkage.cleaning import CLEANERS

ROWS = pa.schema(
    {
        "account_key": "string", "source": "string", "name": "string", "domain": "string", "country": "string",
        "parent_account_key": "string", "updated_at": "timestamp[us]",
    }
)  # fmt: skip
# a domain under which many register theirs: an account that claims it would have a country's people
SUFFIX = "^(?:co|com|org|net|ac|gov|edu|ne|or|go|gob|gouv|gv|mil|nom|sch|school|ltd|plc|me)[.][a-z]{2}$"
MOST_ROWS_COMPARED = 50  # of one domain, by likeness of names; more are compared by equal names only
# beside the legal forms at a name's end: those at its beginning, and what joins two words
NAME_WORDS = (
    r"regexp_replace({}, '\b(?:and|und|et|the|i|y|e|og|och)\b"
    r"|^(?:ooo|oao|zao|pao|pt|ab|ao|tov|sc|sia|uab) ', ' ', 'g')"
)
COMPANIES = """
    create or replace temp table companies as
    with cleaned as (
        select given.* replace (
                {name} as name, case when not regexp_matches(domain, '{suffix}') then domain end as domain
            )
        from given where account_key is not null
    )
    select cleaned.* replace (case when domain not in (select domain from providers) then domain end as domain),
        row_number() over (order by account_key) - 1 as row
    from cleaned
    qualify row_number() over (
        partition by account_key order by updated_at desc nulls last, source, name, domain, parent_account_key
    ) = 1"""
BY_DOMAIN = """
    create or replace temp table pairs as
    with domains as (
        select domain, count(distinct name) as names, count(*) as rows
        from companies where domain is not null group by 1
    )
    select one.row as a, other.row as b, 'domain and name' as because, 0 as place
    from companies as one
    inner join companies as other on one.domain = other.domain and one.row < other.row
    inner join domains on one.domain = domains.domain
    where one.name = other.name or domains.names <= 1
        or domains.rows <= $most and jaro_winkler_similarity(one.name, other.name) >= $join
            and {digits_of_one} = {digits_of_other}"""
# one row of a name in each source, and no two domains or countries: else namesakes would be one
BY_NAME = """
    with named as (
        select companies.*, found.part from companies inner join found using (row) where name is not null
    ), plain as (
        select name from named group by name
        having count(distinct source) > 1 and count(distinct domain) < 2 and count(distinct country) < 2
            and count(distinct part) > 1 and count(distinct (source, part)) = count(distinct source)
    )
    select min(row) over (partition by name) as a, row as b, 'name' as because, 1 as place
    from named where name in (select name from plain)"""


def providers(spec: AccountSpec) -> pa.Table:
    """domain: those that anybody may have, or nobody keeps."""
    own = forms.domain_text(pa.array(spec.not_companies, pa.string()))
    domains = pc.unique(pa.chunked_array([pa.array(mail_providers(), pa.string()), own]))
    return pa.table({"domain": domains})


def company_name(text: str) -> str:
    """SQL: the name of a company of cleaned text, as it is compared."""
    name = forms.UMLAUTS.format(NAME_WORDS.format(text))
    return f"nullif(trim(regexp_replace({name}, ' +', ' ', 'g')), '')"


def digits(text: str) -> str:
    """SQL: the numbers in a name; branches that are numbered are not one."""
    return f"regexp_replace({text}, '[^0-9]+', ' ', 'g')"


def find(db: Any, spec: AccountSpec, rows: pa.Table, decisions: pa.Table) -> pa.Table:
    """PARTS: each row of `accounts` once, by account_key. `companies` and `providers` stay for who comes next.

    decisions   member_a, member_b (account keys), verdict: the newest word of a steward on each two
    """
    cleaners = {"name": CLEANERS["company"], "domain": forms.domain_text, "country": forms.plain}
    read = {name: forms.folded(rows[name], cleaners[name]) if name in cleaners else rows[name] for name in ROWS.names}
    read["written"] = rows["name"]
    for name, table in (("given", pa.table(read)), ("providers_given", providers(spec)), ("words_given", decisions)):
        db.register(name, table)
    db.execute("create or replace temp table providers as select distinct domain from providers_given")
    db.execute(COMPANIES.format(name=company_name("name"), suffix=SUFFIX))
    db.execute("create or replace temp table words as select * from words_given")
    for registered in ("given", "providers_given", "words_given"):
        db.unregister(registered)
    by_domain = BY_DOMAIN.format(digits_of_one=digits("one.name"), digits_of_other=digits("other.name"))
    db.execute(by_domain, {"most": MOST_ROWS_COMPARED, "join": spec.names.join})
    _connect(db)
    db.execute(f"insert into pairs {BY_NAME}")
    db.execute(
        "insert into pairs select a.row, b.row, 'a steward''s word', -1 from words"
        " inner join companies as a on member_a = a.account_key inner join companies as b on member_b = b.account_key"
        " where verdict = 'same'"
    )
    _connect(db)
    return _parts(db)


def _connect(db: Any) -> None:
    """`found`: row, part; the connected parts by `pairs`."""
    size = db.execute("select count(*) from companies").fetchone()[0]
    pairs = db.execute("select a, b from pairs").fetchnumpy()
    one, other = (pairs[side].astype(np.int64) for side in "ab")
    matrix = coo_matrix((np.ones(len(one), dtype=np.int8), (one, other)), shape=(size, size))
    label = connected_components(matrix, directed=False)[1] if size else np.empty(0, dtype=np.int64)
    db.register("labels", pa.table({"row": np.arange(size), "part": label.astype(np.int64)}))
    db.execute("create or replace temp table found as select * from labels")
    db.unregister("labels")


def _parts(db: Any) -> pa.Table:
    found = db.execute("""
        with sides as (select a as row, because, place from pairs union all select b, because, place from pairs),
        reasons as (select row, arg_min(because, place) as because from sides group by row),
        apart as (
            select distinct member_b as account_key from words
            where verdict = 'different' and member_a in (select account_key from companies)
        )
        select account_key as member, case when apart.account_key is null then part else -row - 1 end as part,
            cast(null as varchar) as place,
            case when apart.account_key is not null then 'a steward''s word' else coalesce(because, 'alone') end
            as because
        from companies inner join found using (row) left join reasons using (row) left join apart using (account_key)
        order by member""")
    return found.to_arrow_table().select(PARTS.names).cast(PARTS)
