"""People of ours on a channel whose sync's file is gone, or takes no part: told by plan, push, summary and doctor,
and taken out when they withdraw.

What the file said is kept in activation.sync_files with each push, so that consent is still looked after when the
file is not there. Events and messages that went out are nobody's to take back, and so are no orphans.
"""

import json
from collections.abc import Container, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from activation.ledger.tables import is_current
from activation.planning import diff
from activation.sync import Sync
from core.clock import now
from core.warehouse import Warehouse

MEND = (
    "bring the file back and push it, or bring it back with `retired: true`, push, and then delete it: "
    "that takes everybody out. "
    "Until then each push takes out who has withdrawn"
)
UNKNOWN = (
    "bring the file back with `retired: true`, push it, then delete it. "
    "What it said is not known, so who withdraws stays"
)
RESTING = "they stay there until it can be used again, or somebody takes them out by hand"
FOUND = """select d.sync, f.channel, f.file, count(*) as people
    from activation.delivered as d left join activation.sync_files as f on f.sync = d.sync
    where d.delivered_hash is not null and coalesce(f.takes_back, d.payload is not null)
    group by d.sync, f.channel, f.file order by d.sync"""


class Orphan(Sync):
    """A sync without its file: nobody is added, changed or taken out by it but who has withdrawn."""

    @property
    def wants_nobody(self) -> bool:
        return True

    @property
    def follows_leavers(self) -> bool:
        return False

    @property
    def updates(self) -> bool:
        return False


def find(
    db: Warehouse, files: Container[str], mistakes: Mapping[str, str] = MappingProxyType({})
) -> list[dict[str, Any]]:
    """{sync, channel, people, withdrawn (of them; NULL: not known), mend} of each.

    files   the names that have one · mistakes  of those that have one which cannot be read, by name
    """
    orphaned: list[dict[str, Any]] = []
    for row in _on_channels(db):
        if row["sync"] not in files:
            orphan = read(row["file"])
            withdrawn = _withdrawn(db, orphan) if orphan else None
            mend = (
                f"put its file right: {mistakes[row['sync']]}"
                if row["sync"] in mistakes
                else MEND
                if orphan
                else UNKNOWN
            )
            orphaned.append(
                {
                    "sync": row["sync"],
                    "channel": row["channel"],
                    "people": int(row["people"]),
                    "withdrawn": withdrawn,
                    "mend": mend,
                }
            )
    return orphaned


def resting(db: Warehouse, syncs: Mapping[str, Sync], why: Mapping[str, str]) -> list[dict[str, Any]]:
    """As `find`, with why: of syncs that take no part, and have people there who have withdrawn."""
    counted = [
        (syncs[row["sync"]], int(row["people"]), _withdrawn(db, syncs[row["sync"]]))
        for row in _on_channels(db)
        if why.get(row["sync"])
    ]
    return [
        {
            "sync": s.name,
            "channel": s.channel,
            "people": people,
            "withdrawn": withdrawn,
            "mend": RESTING,
            "why": why[s.name],
        }
        for s, people, withdrawn in counted
        if withdrawn
    ]


def _on_channels(db: Warehouse) -> list[dict[str, Any]]:
    """Of each sync that has people there who can be taken out: sync, channel, file, people."""
    return db.query(FOUND).to_pylist() if is_current(db) else []


def load(db: Warehouse, names: Sequence[str]) -> list[Orphan]:
    """Those of them whose file is known."""
    files = {row["sync"]: row["file"] for row in db.query("select sync, file from activation.sync_files").to_pylist()}
    return [orphan for name in names if (orphan := read(files.get(name)))]


def read(file: str | None) -> Orphan | None:
    """What the file said; None where it is not known, or says what this version no longer understands."""
    try:
        return Orphan.model_validate(json.loads(file)) if file else None
    except ValueError:  # also what is no JSON, and what fits no model
        return None


def keep(db: Warehouse, sync: Sync, takes_back: bool) -> None:
    """What the file says, for the day on which it is gone."""
    if isinstance(sync, Orphan):
        return
    db.execute("delete from activation.sync_files where sync = $1", [sync.name])
    db.execute(
        "insert into activation.sync_files values ($1, $2, $3, $4, $5)",
        [sync.name, sync.channel, takes_back and sync.mode != "append", sync.model_dump_json(), now()],
    )


def _withdrawn(db: Warehouse, sync: Sync) -> int | None:
    if not db.exists("marts.consent_withdrawals"):
        return None
    diff.find_withdrawn(db, sync)
    return int(db.query("select count(*) as people from changed_people")["people"][0].as_py())
