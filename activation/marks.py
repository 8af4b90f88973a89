"""A small mark a sync that stands outside the warehouse: the last run that sent, its day, how many people it left there.

Where a warehouse comes back from a backup, the ledger in it knows nothing of what was sent since, and nobody would ever be taken
out again. The mark knows: in FAIRLEAD_HOME/marks/<sync>.json, and at the channel where that can hold one (HoldsMark), so that a home
that came back with its warehouse, or another home that sends to the same place, is noticed too. Nothing personal is in it.
"""

import hashlib
import json
import os
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from activation import ledger
from activation.channel import Channel, HoldsMark
from core.errors import FatalError
from core.warehouse import Warehouse

BEGUN, ENDED = "begun", "ended"
ONLY_GROWS = "append"  # events are never taken back, so as many are the same ones


@dataclass(frozen=True)
class Mark:
    sync: str
    installation: str  # whose home: made once, and kept in it
    run_id: str
    day: str
    people: int  # of ours on the channel
    digest: str  # of who and what they are, so that the same ledger is known under another run; '' while the run is under way
    state: str

    @classmethod
    def of_text(cls, text: str, where: str) -> "Mark":
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError):
            raise FatalError(
                f"FL121 {where} cannot be read as a mark. Look at it; if it is nothing that Fairlead wrote, take it away and push again."
            ) from None

    @property
    def text(self) -> str:
        return json.dumps(asdict(self), indent=1) + "\n"


@dataclass(frozen=True)
class Seen:
    """The marks that were found before a push, and who asks."""

    installation: str
    here: Mark | None = None  # in the home
    there: Mark | None = None  # at the channel

    @property
    def all(self) -> list[Mark]:
        return [mark for mark in (self.here, self.there) if mark is not None]


@dataclass(frozen=True)
class Doubt:
    """Runs that the ledger does not know, in words; '' where there is none."""

    unknown_run: str = ""
    other_home: str = ""
    mark: Mark | None = None  # of our own unknown run

    def __bool__(self) -> bool:
        return bool(self.unknown_run or self.other_home)

    def __str__(self) -> str:
        return "; ".join(filter(None, (self.unknown_run, self.other_home)))


class Marks:
    """The marks of one sync."""

    def __init__(self, home: Path, sync: str, channel: Channel | None = None) -> None:
        self.folder, self.sync, self.channel = home / "marks", sync, channel
        self.path = self.folder / f"{sync}.json"

    def seen(self) -> Seen:
        here = Mark.of_text(self.path.read_text(), f"marks/{self.path.name}") if self.path.is_file() else None
        there = self.channel.read_mark(self.sync) if isinstance(self.channel, HoldsMark) else None
        return Seen(installation(self.folder), here, Mark.of_text(there, "the mark at the channel") if there else None)

    def write(self, mark: Mark) -> None:
        """At home first: what is about to happen is known there before it happens."""
        replace_whole(self.path, mark.text)
        if isinstance(self.channel, HoldsMark):
            self.channel.write_mark(self.sync, mark.text)


def installation(folder: Path) -> str:
    """The name of this home, made at the first asking."""
    path = folder / "installation"
    if not path.is_file():
        replace_whole(path, uuid.uuid4().hex)
    return path.read_text().strip()


def replace_whole(path: Path, text: str) -> None:
    """Old or new and never half, whatever is cut off when."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    with beside.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def make(db: Warehouse, sync: str, mode: str, run_id: str, day: str, seen: Seen, state: str) -> Mark:
    people = ledger.delivered_count(db, sync)
    return Mark(sync, seen.installation, run_id, day, people, digest(db, sync, mode) if state == ENDED else "", state)


def digest(db: Warehouse, sync: str, mode: str) -> str:
    """Over everybody and what they are there with; the same on every engine. Counted by the head of a hash, so that
    65,536 numbers are looked at however many people there are."""
    if mode == ONLY_GROWS:
        return ONLY_GROWS
    found = db.query(
        """select substr(md5(person_id || cast(delivered_hash as varchar)), 1, 4) as head, count(*) as people
        from activation.delivered where sync = $1 and delivered_hash is not null group by 1 order by 1""",
        [sync],
    )
    pairs = zip(found["head"].to_pylist(), found["people"].to_pylist(), strict=True)
    return hashlib.sha256(" ".join(f"{head}{people}" for head, people in pairs).encode()).hexdigest()[:16]


def doubt(db: Warehouse, mode: str, seen: Seen) -> Doubt:
    """What the marks know and this ledger does not."""
    strange = [mark for mark in seen.all if not _known_run(db, mark)]
    theirs = _most(mark for mark in strange if mark.installation != seen.installation)
    ours = _most(m for m in strange if m.installation == seen.installation and not _same_people(db, mode, m))
    return Doubt(
        f"this ledger does not know run {ours.run_id[:8]} of {ours.day}, which left {ours.people} people there" if ours else "",
        f"installation {theirs.installation[:8]} pushed {theirs.day} to this place, {theirs.people} people" if theirs else "",
        ours,
    )  # fmt: skip


def _most(marks: Iterable[Mark]) -> Mark | None:
    return max(marks, key=lambda mark: (mark.day, mark.people), default=None)


def _known_run(db: Warehouse, mark: Mark) -> bool:
    sql = "select 1 as one from activation.runs where sync = $1 and run_id = $2"
    return len(db.query(sql, [mark.sync, mark.run_id])) > 0


def _same_people(db: Warehouse, mode: str, mark: Mark) -> bool:
    """Who is there is to the last one what the mark says: nothing was lost with the run."""
    same = bool(mark.digest) and mark.people == ledger.delivered_count(db, mark.sync)
    return same and mark.digest == digest(db, mark.sync, mode)
