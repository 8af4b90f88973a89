"""Records, names, links and decisions as the tables that `resolve` takes, written short; and who is together then."""

from datetime import date, datetime, timedelta

import pyarrow as pa

from people.evidence import DECISION, LINK
from people.schemas import Resolution
from people.traits import TRAITS

DAY = date(2026, 3, 1)
Row = tuple[str, str | None, str | None, str | None]  # record, first name, last name, birth date


def held(*rows: tuple[str, str] | tuple[str, str, int]) -> pa.Table:
    """(record, identifier[, days before DAY on which it was first seen])."""
    record, identifier = ([row[place] for row in rows] for place in (0, 1))
    days = [DAY - timedelta(days=row[2] if len(row) > 2 else 0) for row in rows]
    return pa.table({
        "record_id": pa.array(record, pa.string()), "identifier": pa.array(identifier, pa.string()),
        "kind": pa.array([i.split(":")[0] for i in identifier], pa.string()),
        "first_seen_day": pa.array(days, pa.date32())})  # fmt: skip


def named(*rows: Row) -> pa.Table:
    born = [date.fromisoformat(row[3]) if row[3] else None for row in rows]
    columns = [[row[i] for row in rows] for i in range(3)]
    return pa.table([*(pa.array(c, pa.string()) for c in columns), pa.array(born, pa.date32())], schema=TRAITS)


def decided(*rows: tuple[str, str, str]) -> pa.Table:
    at = [datetime(2026, 1, 1) + timedelta(hours=n) for n in range(len(rows))]
    table = [{"record_a": a, "record_b": b, "verdict": v, "reason": "seen", "decided_at": t}
             for (a, b, v), t in zip(rows, at, strict=True)]  # fmt: skip
    return pa.Table.from_pylist(table, schema=DECISION)


def linked(*rows: tuple[str, str, float, float]) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(LINK.names, (*row, "{}"), strict=True)) for row in rows], schema=LINK)


def groups(resolution: Resolution) -> set[frozenset[str]]:
    by: dict[str, set[str]] = {}
    for row in resolution.record_people.to_pylist():
        by.setdefault(row["person_id"], set()).add(row["record_id"])
    return {frozenset(members) for members in by.values()}
