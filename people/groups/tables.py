"""The tables of households and accounts, and the plain SQL by which they are read and written."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from core.tables import Table
from core.warehouse import Warehouse
from people.groups import account_people, accounts, households
from people.groups.schemas import (
    ACCOUNT,
    ACCOUNT_KEYS,
    ACCOUNT_PEOPLE,
    ACCOUNTS,
    ANCESTORS,
    DECISIONS,
    DOUBTS,
    HOUSEHOLD,
    HOUSEHOLD_PEOPLE,
    HOUSEHOLDS,
    ISSUED,
    MERGES,
    SPLITS,
    STAYS,
    Memory,
)  # fmt: skip

GROUPS = (
    Table("identity.households", HOUSEHOLDS),
    Table("identity.household_people", HOUSEHOLD_PEOPLE),
    Table("identity.accounts", ACCOUNTS),
    Table("identity.account_ancestors", ANCESTORS),
    Table("identity.account_keys", ACCOUNT_KEYS),
    Table("identity.account_people", ACCOUNT_PEOPLE),
    Table("identity.account_doubts", DOUBTS),
    Table("identity.group_stays", STAYS),
    Table("identity.group_merges", MERGES),
    Table("identity.group_splits", SPLITS),
    Table("identity.group_issued", ISSUED),
    Table("identity.group_decisions", DECISIONS),
)
PEOPLE, COMPANIES = "intermediate.int_people__unioned", "intermediate.int_accounts__unioned"
SET = ("last_name", "street", "postal_code", "city", "email", "phone")  # what a steward may have set of a record
_VALUES = ", ".join(
    f"max(case when field = '{name}' then value end) as {name},"
    f" max(case when field = '{name}' then 1 end) as {name}__set"
    for name in SET
)
_OR_SET = {name: f"case when w.{name}__set = 1 then w.{name} else u.{name} end" for name in SET}
# an address that a steward has set is somebody's home, and the newest
HOMES = f"""
    with words as (
        select record_id, field, value, decided_at from (
            select o.*, row_number() over (
                partition by record_id, field order by decided_at desc, override_id
            ) as newest
            from identity.overrides as o where field in ('{"', '".join(SET)}')
        ) as ranked where newest = 1 and verdict = 'set'
    ), set_values as (
        select record_id, {_VALUES},
            max(case when field in ('street', 'postal_code', 'city') then decided_at end) as address_set_at
        from words group by record_id
    )
    select u.record_id, r.person_id, {", ".join(f"{value} as {name}" for name, value in _OR_SET.items())}, u.birth_date,
        (u.company is not null or u.account_key is not null) and w.address_set_at is null as is_business,
        coalesce(w.address_set_at, u.updated_at) as updated_at, p.first_seen_day
    from {PEOPLE} as u
    inner join identity.record_people as r on u.record_id = r.record_id
    inner join identity.people as p on r.person_id = p.person_id
    left join set_values as w on u.record_id = w.record_id"""
WORKERS = f"""
    select u.record_id, r.person_id, u.email, u.company, u.account_key, u.updated_at
    from {PEOPLE} as u
    inner join identity.record_people as r on u.record_id = r.record_id
    where u.email is not null or u.company is not null or u.account_key is not null"""
ROWS = f"""
    select account_key, _source as source, name, domain, country, parent_account_key, updated_at from {COMPANIES}"""
# the newest word on each two
WORDS = """
    select member_a, member_b, verdict from (
        select d.*, row_number() over (
            partition by least(member_a, member_b), greatest(member_a, member_b) order by decided_at desc
        ) as newest
        from identity.group_decisions as d where kind = $1
    ) as ranked where newest = 1 and verdict <> 'undone'"""
# whose records they name first: an engine may else begin with everybody who is another than everybody
WORDS_OF_PEOPLE = f"""
    with words as materialized ({WORDS}), named as materialized (
        select record_id, person_id from identity.record_people
        where record_id in (select member_a from words union select member_b from words)
    )
    select a.person_id as member_a, b.person_id as member_b, words.verdict from words
    inner join named as a on words.member_a = a.record_id
    inner join named as b on words.member_b = b.record_id
    where a.person_id <> b.person_id"""
RENAMED = "select person_id as member, merged_person_id as known_as from identity.merges"


def read_homes(db: Warehouse) -> pa.Table:
    return _read(db, HOMES, households.RECORDS, PEOPLE)


def read_workers(db: Warehouse) -> pa.Table:
    return _read(db, WORKERS, account_people.RECORDS, PEOPLE)


def read_companies(db: Warehouse) -> pa.Table:
    return _read(db, ROWS, accounts.ROWS, COMPANIES)


def words(db: Warehouse, kind: str) -> pa.Table:
    """member_a, member_b, verdict: what stewards have decided; of a household by the people whose the records are."""
    return db.query(WORDS_OF_PEOPLE if kind == HOUSEHOLD else WORDS, [kind])


def renamed(db: Warehouse, kind: str) -> pa.Table:
    """member, known_as: people who became others; rows of `accounts` do not."""
    return db.query(RENAMED if kind == HOUSEHOLD else f"{RENAMED} where 1 = 0")


def memory(db: Warehouse, kind: str) -> Memory:
    return Memory(*(_of_kind(db, table, kind) for table in ("stays", "merges", "splits", "issued")))


def remember(db: Warehouse, memories: dict[str, Memory]) -> None:
    """What the next night begins with; a kind that is not given keeps what it has."""
    kept = {kind: memories.get(kind) or memory(db, kind) for kind in (HOUSEHOLD, ACCOUNT)}
    for name in ("stays", "merges", "splits", "issued"):
        db.load(f"identity.group_{name}", pa.concat_tables([getattr(m, name) for m in kept.values()]), "replace")


def since(stays: pa.Table, column: str, ids: pa.ChunkedArray, of_open: bool) -> pa.Array:
    """The first day of each of `ids` in the stays' `column`; of_open: in the stay that has not ended."""
    held = stays.filter(pc.is_null(stays["until_day"])) if of_open else stays
    first = held.group_by(column).aggregate([("from_day", "min")])
    place = pc.index_in(ids.combine_chunks(), value_set=first[column].combine_chunks())
    return first["from_day_min"].combine_chunks().take(place)


def _of_kind(db: Warehouse, table: str, kind: str) -> pa.Table:
    schema: Any = next(t.columns for t in GROUPS if t.name == f"identity.group_{table}")
    sql = f"select {', '.join(schema.names)} from identity.group_{table} where kind = $1"
    return db.query(sql, [kind]).cast(schema)


def _read(db: Warehouse, sql: str, schema: pa.Schema, table: str) -> pa.Table:
    return db.query(sql).select(schema.names).cast(schema) if db.exists(table) else schema.empty_table()
