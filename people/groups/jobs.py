"""Households and accounts of a night, after it has decided who is one person; in the transaction of `resolve`."""

from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from core.settings import Settings
from core.warehouse import Warehouse, workbench
from people.groups import account_people, accounts, hierarchy, households, tables
from people.groups.schemas import (
    ACCOUNT,
    ACCOUNT_KEYS,
    ACCOUNT_PEOPLE,
    ACCOUNTS,
    HOUSEHOLD,
    HOUSEHOLD_PEOPLE,
    HOUSEHOLDS,
    Memory,
)
from people.groups.spec import load_accounts, load_households
from people.groups.stable_ids import Kept, keep

Result = dict[str, Any]


def resolve(db: Warehouse, settings: Settings, day: date) -> Result:
    """identity.household* and identity.account*, as of `day`; numbers for who ran it."""
    memories: dict[str, Memory] = {}
    result = _households(db, settings, day, memories) | _accounts(db, settings, day, memories)
    tables.remember(db, memories)
    return result


def _households(db: Warehouse, settings: Settings, day: date, memories: dict[str, Memory]) -> Result:
    spec = load_households(settings)
    if spec is None:
        return {}
    records, words = tables.read_homes(db), tables.words(db, HOUSEHOLD)
    with workbench(settings) as bench:
        parts = households.find(bench, spec, records, words)
        del records
        heads = households.heads(bench, spec)
        kept = keep(bench, HOUSEHOLD, parts, tables.memory(db, HOUSEHOLD), tables.renamed(db, HOUSEHOLD), day)
    memories[HOUSEHOLD] = kept.memory
    people = _household_people(parts, heads, kept)
    is_head = people.filter(people["is_head"])
    counted = people.group_by("household_id").aggregate([([], "count_all")])
    rows = is_head.select(["household_id", "person_id"]).join(counted, "household_id").sort_by("household_id")
    ids = rows["household_id"].cast("string")
    columns = [ids, rows["count_all"], rows["person_id"], tables.since(kept.memory.stays, "group_id", ids, False)]
    db.load("identity.household_people", people, "replace")
    db.load("identity.households", pa.table(columns, schema=HOUSEHOLDS), "replace")
    return {"households": rows.num_rows, "people_in_households": people.num_rows,
            "households_merged": kept.merged, "households_split": kept.split}  # fmt: skip


def _household_people(parts: pa.Table, heads: pa.Table, kept: Kept) -> pa.Table:
    ids = _ids(parts, kept)
    place = pc.index_in(parts["member"].combine_chunks(), value_set=heads["person_id"].combine_chunks())
    is_head = heads["is_head"].combine_chunks().take(place)
    from_day = tables.since(kept.memory.stays, "member", parts["member"], True)
    return pa.table([parts["member"], ids, is_head, from_day, parts["because"]], schema=HOUSEHOLD_PEOPLE)


def _accounts(db: Warehouse, settings: Settings, day: date, memories: dict[str, Memory]) -> Result:
    spec = load_accounts(settings)
    if spec is None:
        return {}
    companies, workers, words = tables.read_companies(db), tables.read_workers(db), tables.words(db, ACCOUNT)
    with workbench(settings) as bench:
        parts = accounts.find(bench, spec, companies, words)
        kept = keep(bench, ACCOUNT, parts, tables.memory(db, ACCOUNT), tables.renamed(db, ACCOUNT), day)
        ids = _ids(parts, kept)
        found, doubts = hierarchy.build(bench, pa.table({"account_key": parts["member"], "group_id": ids}))
        above = hierarchy.ancestors(bench)
        people, more = account_people.link(bench, spec, workers, found)
    memories[ACCOUNT] = kept.memory
    doubts = pa.concat_tables([doubts, more])
    begun = tables.since(kept.memory.stays, "group_id", found["account_id"], False)
    linked_since = _linked_since(db, people, day)
    from_day = tables.since(kept.memory.stays, "member", parts["member"], True)
    keys = pa.table([parts["member"], ids, from_day, parts["because"]], schema=ACCOUNT_KEYS)
    db.load("identity.accounts", found.append_column("since_day", begun).cast(ACCOUNTS), "replace")
    db.load("identity.account_ancestors", above, "replace")
    db.load("identity.account_keys", keys, "replace")
    db.load("identity.account_people", people.append_column("since_day", linked_since).cast(ACCOUNT_PEOPLE), "replace")
    db.load("identity.account_doubts", doubts, "replace")
    return {"accounts": found.num_rows, "people_with_accounts": people.num_rows, "account_doubts": doubts.num_rows}


def _ids(parts: pa.Table, kept: Kept) -> pa.Array:
    """The id of each row of `parts`."""
    place = pc.index_in(parts["part"].combine_chunks(), value_set=kept.ids["part"].combine_chunks())
    return kept.ids["group_id"].combine_chunks().take(place)


def _linked_since(db: Warehouse, people: pa.Table, day: date) -> pa.Array:
    """Since when each is of the account that they are of today; a later day's word is of that day."""
    earlier = db.query("select person_id || ' ' || account_id as name, since_day from identity.account_people")
    names = pc.binary_join_element_wise(people["person_id"], people["account_id"], " ").combine_chunks()
    place = pc.index_in(names.cast("string"), value_set=earlier["name"].cast("string").combine_chunks())
    since = earlier["since_day"].cast("date32").combine_chunks().take(place)
    return pc.fill_null(pc.min_element_wise(since, pa.scalar(day, pa.date32())), pa.scalar(day, pa.date32()))
