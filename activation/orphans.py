"""People of ours on a channel whose sync's file is gone, takes no part, or names another place (a list, a table, a
folder) than the one where they are: told by plan, push, summary and doctor, and taken out when they withdraw.

What the file said is kept in activation.sync_files with each push, so that consent is still looked after when the
file is not there. Events and messages that went out are nobody's to take back, and so are no orphans.
"""

import json
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from activation.catalogue import find_channel
from activation.ledger.delivered import OUT
from activation.ledger.tables import is_current
from activation.planning import diff
from activation.sync import Sync
from core.clock import now
from core.settings import Settings
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
Rows = Sequence[Mapping[str, Any]]
MOVED = "place_changed"  # the guard
# Who was sent by a push that was killed, or is in a vendor's job, may be there as well: the sync's next push asks.
FOUND = f"""with under_way as (
        select sync, record_key from activation.sending
        union
        select c.sync, q.record_key from ({OUT}) as c inner join activation.pending as q
            on q.sync = c.sync and q.position between c.first_position and c.last_position
    ),
    there as (
        select sync, 1 as people, 0 as under_way, payload is not null as is_kept
        from activation.delivered where delivered_hash is not null
        union all
        select u.sync, case when d.record_key is null then 1 else 0 end, 1, false
        from under_way as u left join activation.delivered as d
            on d.sync = u.sync and d.record_key = u.record_key and d.delivered_hash is not null
    ),
    counted as (  -- before the files' words come to it, for each of a million rows would be grouped by them
        select sync, is_kept, sum(people) as people, sum(under_way) as under_way from there group by sync, is_kept
    )
    select t.sync, f.channel, f.file, sum(t.people) as people, sum(t.under_way) as under_way
    from counted as t left join activation.sync_files as f on f.sync = t.sync
    where coalesce(f.takes_back, t.is_kept)
    group by t.sync, f.channel, f.file order by t.sync"""


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


@dataclass(frozen=True)
class Move:
    """What is to be told, and the sync as its last push had it, by which who withdraws is taken out."""

    text: str
    before: Orphan


def find(
    db: Warehouse, files: Container[str], mistakes: Mapping[str, str] = MappingProxyType({}), there: Rows | None = None
) -> list[dict[str, Any]]:
    """{sync, channel, people, under_way (of them), withdrawn (of them; NULL: not known), mend} of each.

    files   the names that have one · mistakes  of those that have one which cannot be read, by name
    """
    orphaned: list[dict[str, Any]] = []
    for row in on_channels(db) if there is None else there:
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
                    "under_way": int(row["under_way"]),
                    "withdrawn": withdrawn,
                    "mend": mend,
                }
            )
    return orphaned


def resting(
    db: Warehouse, syncs: Mapping[str, Sync], why: Mapping[str, str], there: Rows | None = None
) -> list[dict[str, Any]]:
    """As `find`, with why: of syncs that take no part, and have people there who have withdrawn, or are under way."""
    counted = [
        (syncs[row["sync"]], int(row["people"]), int(row["under_way"]), _withdrawn(db, syncs[row["sync"]]))
        for row in (on_channels(db) if there is None else there)
        if why.get(row["sync"])
    ]
    return [
        {
            "sync": s.name,
            "channel": s.channel,
            "people": people,
            "under_way": under_way,
            "withdrawn": withdrawn,
            "mend": RESTING,
            "why": why[s.name],
        }
        for s, people, under_way, withdrawn in counted
        if withdrawn or under_way
    ]


def on_channels(db: Warehouse) -> Rows:
    """Of each sync that has people there who can be taken out: sync, channel, file, people. What is asked once is given
    to those who want to know it, for all of the ledger is looked at."""
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


def find_moves(
    settings: Settings, db: Warehouse, syncs: Mapping[str, Sync], there: Rows | None = None
) -> dict[str, Move]:
    """The syncs, by name, whose people are at another place than the file names now. To the ledger they would be people
    of the new one: who withdraws would stay at the old one for ever.
    """
    moves: dict[str, Move] = {}
    for row in on_channels(db) if there is None else there:
        sync, before = syncs.get(row["sync"]), read(row["file"])
        if sync and before and (names := [*_changed_mode(sync, before), *_changed_options(settings, sync, before)]):
            people = f"{int(row['people'])} people were delivered under another {', '.join(names)}"
            moves[sync.name] = Move(f"{people}: who withdraws is taken out there, and nothing else is sent", before)
    return moves


def _changed_mode(sync: Sync, before: Sync) -> list[str]:
    """What goes in mode append is taken back from nobody; these were put there to be taken out again."""
    return ["mode"] * (sync.mode == "append" and before.mode != "append")


def _changed_options(settings: Settings, sync: Sync, before: Sync) -> list[str]:
    """Those of the place that are others now; none where the channel, or what the file said, is understood no more,
    which is told by whoever opens it.
    """
    try:
        file: Any = find_channel(settings, sync.channel)
        present, earlier = (file.Options.model_validate(one.options_for(file.Options)) for one in (sync, before))
    except Exception:
        return []
    return [name for name in file.ABOUT.place if getattr(present, name) != getattr(earlier, name)]
