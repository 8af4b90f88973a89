"""A small mark a sync outside the warehouse: the last run that sent, its day, how many people it left there.

Where a warehouse comes back from a backup, the ledger in it knows nothing of what was sent since, and nobody would
ever be taken out again. The mark knows: in FAIRLEAD_HOME/marks/<sync>.json, and at the channel where that can hold
one (HoldsMark), so that a home that came back with its warehouse, or another home that sends to the same place, is
noticed too. Nothing personal is in it.
"""

import hashlib
import os
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from activation.channel import Channel, HoldsMark
from activation.ledger import delivered
from core.errors import FatalError
from core.specs import Spec
from core.warehouse import Warehouse

State = Literal["begun", "ended"]
BEGUN: State = "begun"
ENDED: State = "ended"
ONLY_GROWS = "append"  # events are never taken back, so as many are the same ones
MOST_BYTES = 65_536  # of a mark: some hundred are usual
Word = Annotated[str, Field(pattern=r"^[!-~]{1,200}$")]


class Mark(Spec):
    """Read from where others can write too, so nothing in it is taken for granted."""

    model_config = ConfigDict(strict=True)
    sync: Word
    installation: Word  # whose home: made once, and kept in it
    run_id: Word
    day: date
    people: int = Field(ge=0)  # of ours on the channel
    # Of who and what they are, so that the same ledger is known under another run; '' while the run is under way.
    digest: str = Field(pattern=r"^[!-~]{0,200}$")
    state: State

    @classmethod
    def of_text(cls, text: str | bytes, where: str) -> "Mark":
        try:
            return cls.model_validate_json(text)
        except ValueError:  # pydantic's error is one too, and so is that of bytes that are no UTF-8
            raise _unreadable(where) from None

    @property
    def text(self) -> str:
        return self.model_dump_json(indent=1) + "\n"


@dataclass(frozen=True)
class LastMarks:
    """The marks that were found before a push, and who asks."""

    installation: str
    at_home: Mark | None = None
    at_channel: Mark | None = None

    @property
    def all(self) -> list[Mark]:
        return [mark for mark in (self.at_home, self.at_channel) if mark is not None]


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

    def read(self, looks: bool = False) -> LastMarks:
        """looks   and writes nothing: a home that has no name yet gets none"""
        at_home = _content(self.path)
        at_channel = self.channel.read_mark(self.sync) if isinstance(self.channel, HoldsMark) else None
        return LastMarks(
            "" if looks and _content(self.folder / "installation") is None else installation(self.folder),
            None if at_home is None else Mark.of_text(at_home, f"marks/{self.path.name}"),
            None if at_channel is None else Mark.of_text(at_channel, "the mark at the channel"),
        )

    def write(self, mark: Mark) -> None:
        """At home first: what is about to happen is known there before it happens."""
        replace_whole(self.path, mark.text)
        if isinstance(self.channel, HoldsMark):
            self.channel.write_mark(self.sync, mark.text)


def installation(folder: Path) -> str:
    """The name of this home, made at the first asking."""
    path = folder / "installation"
    if _content(path) is None:
        replace_whole(path, uuid.uuid4().hex)
    name = (_content(path) or b"").strip()
    if not re.fullmatch(rb"[0-9a-f]{32}", name):
        raise _unreadable("marks/installation")
    return name.decode()


def _content(path: Path) -> bytes | None:
    """None where there is nothing."""
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES)
    except FileNotFoundError:
        return None
    except OSError:
        raise _unreadable(f"marks/{path.name}") from None


def _unreadable(where: str) -> FatalError:
    mend = "Look at it; if it is nothing that Fairlead wrote, take it away and push again."
    return FatalError(f"{where} cannot be read as a mark. {mend}", code="FL121")


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


def make(db: Warehouse, sync: str, mode: str, run_id: str, day: date, last_marks: LastMarks, state: State) -> Mark:
    people = delivered.delivered_count(db, sync)
    ledger_digest = digest(db, sync, mode) if state == ENDED else ""
    return Mark(
        sync=sync,
        installation=last_marks.installation,
        run_id=run_id,
        day=day,
        people=people,
        digest=ledger_digest,
        state=state,
    )


def digest(db: Warehouse, sync: str, mode: str) -> str:
    """Over everybody and what they are there with; the same on every engine. Counted by the head of a hash, so that
    65,536 numbers are looked at however many people there are."""
    if mode == ONLY_GROWS:
        return ONLY_GROWS
    counted = db.query(
        """select substr(md5(record_key || cast(delivered_hash as varchar)), 1, 4) as head, count(*) as people
        from activation.delivered where sync = $1 and delivered_hash is not null group by 1 order by 1""",
        [sync],
    )
    pairs = zip(counted["head"].to_pylist(), counted["people"].to_pylist(), strict=True)
    return hashlib.sha256(" ".join(f"{head}{people}" for head, people in pairs).encode()).hexdigest()[:16]


def doubt(db: Warehouse, mode: str, last_marks: LastMarks) -> Doubt:
    """What the marks know and this ledger does not."""
    strange = [mark for mark in last_marks.all if not _known_run(db, mark)]
    theirs = _most(mark for mark in strange if mark.installation != last_marks.installation)
    ours = _most(m for m in strange if m.installation == last_marks.installation and not _same_people(db, mode, m))
    return Doubt(
        (
            f"this ledger does not know run {ours.run_id[:8]} of {ours.day}, which left {ours.people} people there"
            if ours else ""
        ),
        (
            f"installation {theirs.installation[:8]} pushed {theirs.day} to this place, {theirs.people} people"
            if theirs else ""
        ),
        ours,
    )  # fmt: skip


def _most(marks: Iterable[Mark]) -> Mark | None:
    return max(marks, key=lambda mark: (mark.day, mark.people), default=None)


def _known_run(db: Warehouse, mark: Mark) -> bool:
    sql = "select 1 as one from activation.runs where sync = $1 and run_id = $2"
    return len(db.query(sql, [mark.sync, mark.run_id])) > 0


def _same_people(db: Warehouse, mode: str, mark: Mark) -> bool:
    """Who is there is to the last one what the mark says: nothing was lost with the run."""
    same = bool(mark.digest) and mark.people == delivered.delivered_count(db, mark.sync)
    return same and mark.digest == digest(db, mark.sync, mode)
