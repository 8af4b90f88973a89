"""What later days decided about people, taken back: the next night decides it again from what is known then."""

from dataclasses import replace
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from core.rewind import count
from core.settings import Settings
from core.warehouse import Warehouse, connect
from people.past import as_of
from people.schemas import History
from people.tables import history

Part = dict[str, Any]
# An id is made from its founder, so the same person gets the same one again; what was sent under it stays in the
# ledger.
LATER = (
    (
        "identity.merges",
        "merged_day > $1",
        "merges taken back; their stays in segments stay one, and who was merged enters anew",
    ),
    ("identity.splits", "split_day > $1", "splits taken back; the noes from before them still reach both sides"),
    ("identity.issued", "issued_day > $1", "ids taken back"),
    ("identity.past_holders", "until_day > $1", "records and identifiers whose they were"),
    ("identity.ignored_identifiers", "since_day > $1", "identifiers of too many that join again"),
    ("identity.group_merges", "merged_day > $1", "merges of households and accounts taken back"),
    ("identity.group_splits", "split_day > $1", "splits of households and accounts taken back"),
    ("identity.group_stays", "from_day > $1", "stays in households and accounts taken back"),
)


def rewind(settings: Settings, day: date, apply: bool) -> list[Part]:
    with connect(settings, writer="identity" if apply else None) as db, db.transaction():
        parts = count(db, LATER, day)
        if apply and parts and db.exists("identity.past_holders"):
            _restore(db, _stood(history(db), day))
        for table, condition, _ in LATER if apply and parts else ():
            if db.exists(table):
                db.execute(f"delete from {table} where {condition}", [day])
    return parts


def _stood(now: History, day: date) -> History:
    """Before the first id was given nobody stood: of a first night no changes are written."""
    if pc.any(pc.less_equal(now.issued["issued_day"], pa.scalar(day, pa.date32()))).as_py():
        return as_of(now, day)
    return replace(now, record_people=now.record_people.slice(0, 0), identifiers=now.identifiers.slice(0, 0))


def _restore(db: Warehouse, earlier: History) -> None:
    db.load("identity.record_people", earlier.record_people, "replace")
    db.load("identity.person_identifiers", earlier.identifiers, "replace")
