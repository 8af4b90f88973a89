"""A steward's word on households and accounts, and what waits for one."""

from typing import Any

import pyarrow as pa

from core import clock
from core.errors import ConfigError
from core.settings import Settings
from core.warehouse import Warehouse, connect
from people.groups.schemas import ACCOUNT, DECISIONS, HOUSEHOLD
from people.jobs import ensure
from people.review import record_of

Row = dict[str, Any]
KINDS = (HOUSEHOLD, ACCOUNT)
# what most people wait for comes first
DOUBTS = """
    select kind, name, account_ids, people, detail from identity.account_doubts as d
    order by coalesce(people, 0) desc, kind, name limit $1"""
# of more people than any other: where strangers may be together
LARGEST = """
    select household_id, people, head_person_id from identity.households
    where people > 2 order by people desc, household_id limit $1"""
DECIDED = "select * from identity.group_decisions order by decided_at desc, member_a limit $1"


def decide(settings: Settings, kind: str, pair: tuple[str, str], verdict: str, reason: str) -> Row:
    """Write down that two people share a home, or two accounts are one company, or a person is an account's; or are
    not, and then the second is set apart; or that an earlier word counts no more. From the next `resolve` on.

    Raises   ConfigError for somebody unknown, one thing twice, or without a reason.
    """
    if not reason.strip():
        raise ConfigError('Say why, for whoever looks at it later: --reason "one letter box".')
    ensure(settings)
    with connect(settings, writer="identity") as db:
        members = [_member(db, kind, text) for text in pair]
        if members[0] == members[1]:
            raise ConfigError(f"{pair[0]} and {pair[1]} are one and the same, {members[0][0]}. Name two.")
        one, other = sorted(members, key=lambda member: member[1]) if kind == ACCOUNT else members
        if kind == ACCOUNT and not other[1]:
            raise ConfigError(f"Neither {pair[0]} nor {pair[1]} is an account. `marts.accounts` lists their keys.")
        row = {"kind": kind, "member_a": one[0], "member_b": other[0], "verdict": verdict, "reason": reason.strip(),
               "decided_at": clock.now().replace(tzinfo=None)}  # fmt: skip
        db.load("identity.group_decisions", pa.Table.from_pylist([row], schema=DECISIONS), "append")
    return {"record_a": one[0], "record_b": other[0], "ok": True} | row | {"decided_at": str(row["decided_at"])}


def waiting(settings: Settings, rows: int) -> Row:
    """{doubts, largest_households, group_decisions}: at most so many rows of each."""
    with connect(settings) as db:
        lists = {"doubts": DOUBTS, "largest_households": LARGEST, "group_decisions": DECIDED}
        found = {name: db.query(sql, [rows]).to_pylist() for name, sql in lists.items()}
    for row in found["group_decisions"]:
        row["decided_at"] = row["decided_at"].isoformat()
    return found


def _member(db: Warehouse, kind: str, text: str) -> tuple[str, bool]:
    """(a key of `accounts`, True) or (a record of a person, False); an account's id stands for its first key."""
    if kind == ACCOUNT:
        sql = "select min(account_key) as k from identity.account_keys where account_key = $1 or account_id = $1"
        if key := db.query(sql, [text])["k"][0].as_py():
            return str(key), True
    return record_of(db, text), False
