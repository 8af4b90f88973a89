"""People with addresses and rows of accounts, written short; and who is together then."""

from datetime import date
from typing import Any

import pyarrow as pa

from people.groups import accounts, households
from people.groups.schemas import HOUSEHOLD, Memory
from people.groups.spec import HouseholdSpec
from people.groups.stable_ids import Kept, keep

DAY = date(2026, 3, 1)
OURS = HouseholdSpec(
    rules=(("address", "last_name"), ("address", "phone"), ("address", "email"), ("last_name", "phone"))
)
NO_WORDS = pa.table({name: pa.array([], pa.string()) for name in ("member_a", "member_b", "verdict")})
NOBODY_RENAMED = pa.table({name: pa.array([], pa.string()) for name in ("member", "known_as")})


def living(*rows: dict[str, Any]) -> pa.Table:
    """Records of people; person is their id, and of the record where none is given."""
    full = [{"record_id": f"r_{row['person_id']}", "is_business": False} | row for row in rows]
    return pa.Table.from_pylist(full, schema=households.RECORDS)


def words(*rows: tuple[str, str, str]) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else ([], [], [])
    return pa.table({n: pa.array(c, pa.string()) for n, c in zip(NO_WORDS.column_names, columns, strict=True)})


def companies(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist([{"source": "crm"} | row for row in rows], schema=accounts.ROWS)


def sets(parts: pa.Table) -> set[frozenset[str]]:
    """Who is together, those alone as well."""
    by: dict[int, set[str]] = {}
    for row in parts.to_pylist():
        by.setdefault(row["part"], set()).add(row["member"])
    return {frozenset(members) for members in by.values()}


def ids(kept: Kept, parts: pa.Table) -> dict[str, str]:
    """Member -> the id of its group."""
    group = dict(zip(kept.ids["part"].to_pylist(), kept.ids["group_id"].to_pylist(), strict=True))
    return {row["member"]: group[row["part"]] for row in parts.to_pylist()}


def night(db: Any, parts: pa.Table, memory: Memory, day: date, renamed: pa.Table = NOBODY_RENAMED) -> Kept:
    return keep(db, HOUSEHOLD, parts, memory, renamed, day)
