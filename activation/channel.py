"""What a channel is: one small file in `activation/channels/`, found by scanning.
How to write one: docs/how_to/add_a_channel.md.

A channel turns one batch of changes into requests and says of every change what became of it. It never decides consent,
never logs a record, never retries, never touches the ledger: the loop in `delivery/windows.py` does.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any, Literal, Protocol, runtime_checkable

import pyarrow as pa
import pyarrow.compute as pc

from activation.vendor.json_rows import json_rows
from core.errors import FatalError, RetryableError, numbered

InDoubt = Literal["idempotent", "message"]  # after a crash between send and answer: send again · never send twice
Mode = Literal["mirror", "upsert", "add_only", "create_only", "update_only", "append"]
Policy = Literal["overwrite", "never_null", "set_if_empty"]
Contact = Literal[
    "email", "sms", "push", "ads", "mail", "none"
]  # as consent is asked for it; none: nobody is contacted
ANYBODYS: tuple[Contact, ...] = (
    "email",
    "sms",
    "push",
    "ads",
    "mail",
    "none",
)  # a store: what is done with it, its reader decides
AUDIENCE_MODES: frozenset[Mode] = frozenset({"mirror", "upsert", "add_only"})
MESSAGE_MODES: frozenset[Mode] = frozenset({"add_only", "append"})  # a message is sent once, and never updated
ACCEPTED, REJECTED, IN_DOUBT, SKIPPED = "accepted", "rejected", "in_doubt", "skipped"


@dataclass(frozen=True)
class About:
    """What a sync file may ask of the channel, known without opening it: data in the channel's file, called ABOUT."""

    title: str  # as the vendor writes it
    identifiers: tuple[
        str, ...
    ] = ()  # fields by which it knows a person: a sync maps one at least; (): person_id is enough
    fields: tuple[str, ...] | None = None  # the only fields it takes; None: whatever the vendor's account has
    # The engine keeps mirror, upsert and add_only for every channel. create_only, update_only and set_if_empty may be
    # named by a channel that can do them itself, or that has `find`; append by one that takes events or messages.
    modes: frozenset[Mode] = AUDIENCE_MODES
    policies: frozenset[Policy] = frozenset({"overwrite", "never_null"})
    # The options that say where people are put, and by what they are known there: under another value a sync's people
    # are somewhere else.
    place: tuple[str, ...] = ()
    takes_back: bool = True  # False: what went out cannot be taken back (a message), so there are no removals
    # By which of them it reaches people, the usual first: a sync's contact_channel is one of these. Without `none` it
    # always reaches somebody; `none` alone: it never does; among others: it may, so a sync that says none must say
    # why (`basis`).
    contacts: tuple[Contact, ...] = ANYBODYS


@dataclass(frozen=True)
class Limits:
    """What the other side takes: data, so that the plan can say calls and minutes without sending."""

    batch_size: int
    requests_per_minute: float | None = None  # None: no limit known
    body_bytes: int | None = None  # Http raises BatchRejected before sending more
    seconds_per_call: float = 0.5  # what a call usually takes; for the plan's minutes only
    concurrency: int = 1  # calls under way at once; above 1 `push` is called from several threads
    price_per_row: float = 0.0  # what the vendor charges a row, in the project's currency; for the plan only
    longest_call_seconds: float = 900.0  # of one `push`, whatever it does: then it is left behind, and may have acted


@dataclass(frozen=True)
class ChangeBatch:
    """Columns of equal length, one row a change, each key once. All its rows are removals, or none is."""

    sync: str
    day: date
    run_id: str
    idempotency_key: str  # the same at every try of this batch, another for the same people at another time
    keys: pa.Array  # string: person_id; the event's id in mode append
    ops: pa.Array  # string: add · update · remove
    # The mapped fields, plain types only: string, int64, double, bool. NULL: clear it there, or unknown, by its policy.
    # For a removal: as they were last delivered, whatever the profile says now.
    fields: pa.Table
    mode: Mode = "mirror"
    policies: Mapping[str, Policy] = field(default_factory=dict)  # of each field; not named: overwrite
    before: pa.Table | None = None  # the same fields as last delivered, NULL where nothing was; None: nothing is known
    remote_ids: pa.Array | None = None  # string: what the channel called the record in an earlier result, or NULL
    key_name: str = "person_id"  # what the keys are; event_id of a feed

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def removes(self) -> bool:
        return len(self.ops) > 0 and self.ops[0].as_py() == "remove"

    @cached_property
    def _silent(self) -> set[str]:
        return {name for name, policy in self.policies.items() if policy != "overwrite"}

    def records(self) -> list[dict[str, Any]]:
        """A dict a change, of what may be sent: NULL is there as None (clear it), or absent by its policy."""
        rows = self.fields.to_pylist()
        if not self._silent:
            return rows
        return [{k: v for k, v in row.items() if v is not None or k not in self._silent} for row in rows]

    @cached_property
    def json(self) -> pa.Array:
        """(n,) text: the fields of each change as a JSON object, NULL as null."""
        return json_rows(self.fields)

    def column(self, name: str) -> list[Any]:
        """A field's values; all None where the sync does not map it."""
        return self.fields[name].to_pylist() if name in self.fields.column_names else [None] * len(self)

    def earlier(self, name: str) -> list[Any]:
        """A field's values as last delivered; None where nothing is known."""
        has_earlier = self.before is not None and name in self.before.column_names
        return self.before[name].to_pylist() if has_earlier and self.before is not None else [None] * len(self)


@dataclass(frozen=True)
class Results:
    """Exactly one row for each change of the batch, in the batch's order."""

    statuses: pa.Array  # string: accepted · rejected · in_doubt · skipped (left alone on purpose, asked again next run)
    errors: pa.Array  # string: why not; NULL where accepted
    remote_ids: pa.Array | None = None  # string: what the channel calls each record, where that is worth remembering

    @classmethod
    def accepted(cls, rows: int) -> "Results":
        return cls(pa.repeat(pa.scalar(ACCEPTED), rows), pa.nulls(rows, pa.string()))

    @classmethod
    def rejecting(cls, bad: pa.Array, reason: pa.Array | str) -> "Results":
        """Rejected where `bad` (n,) is true, with `reason` (n,) or one for all; accepted elsewhere."""
        why = pa.repeat(pa.scalar(reason), len(bad)) if isinstance(reason, str) else reason
        return cls(pc.if_else(bad, REJECTED, ACCEPTED), pc.if_else(bad, why, pa.scalar(None, pa.string())))

    @classmethod
    def of(cls, verdicts: Iterable[tuple[str, str | None]], remote_ids: list[str | None] | None = None) -> "Results":
        """From (status, error) of each change."""
        pairs = list(verdicts)
        return cls(
            pa.array([s for s, _ in pairs], pa.string()),
            pa.array([e for _, e in pairs], pa.string()),
            None if remote_ids is None else pa.array(remote_ids, pa.string()),
        )


@dataclass(frozen=True)
class Submitted:
    """The vendor has taken the batch as a job and will say later what became of each row: `collect` asks."""

    job: str  # all that `collect` needs to know to ask again, after a restart too; nothing personal


@dataclass(frozen=True)
class Existing:
    """What is there already, a row a change: for create_only, update_only and set_if_empty."""

    present: pa.Array  # bool: whether the row is there
    fields: pa.Table | None = None  # the asked fields as they are there; None: no field was asked


@dataclass(frozen=True)
class Health:
    ok: bool
    detail: str
    expires_at: datetime | None = None  # when the credential ends, where the vendor says so; UTC, naive


@dataclass(frozen=True)
class Quota:
    """What the vendor's headers said last."""

    remaining: int | None = None  # calls left
    resets_in_seconds: float | None = None  # until there are more


class CallFailed(RetryableError):  # noqa: N818  (it says what is known, not that something is wrong)
    """A call has not done its work. What that means for the batch is said by its two kinds, NotSent and MaybeSent."""

    def __init__(self, message: str, retry_after_seconds: float | None = None, code: str = "") -> None:
        super().__init__(message, code=code)
        self.retry_after_seconds = retry_after_seconds


class NotSent(CallFailed):
    """Nothing happened there, for sure (429, connection refused, 503 with Retry-After): the same batch may go again."""


class MaybeSent(CallFailed):
    """The other side may have acted (timeout, 5xx, line cut, unreadable answer). No message is tried again then."""


class NotThere(FatalError):  # noqa: N818
    """The other side does not know what was asked for (404, 410). Of a job: its outcome will never be told."""


class BatchRejected(Exception):  # noqa: N818
    """The whole batch was refused for its content (400, 413, 422): the loop splits it until bad rows stand alone."""

    def __init__(self, words: str, code: str = "") -> None:
        """code   of ours, where it is we who refuse it; a vendor's own words have none"""
        super().__init__(numbered(words, code))
        self.code = code


class Channel(Protocol):
    """One sync's open end at one channel; what else it may have: below, and delivery/usual.py.

    A FatalError (401, 404) ends the sync; its rows come back in the next run.
    """

    limits: Limits
    in_doubt: InDoubt

    def push(self, batch: ChangeBatch) -> "Results | Submitted": ...

    def erase(self, batch: ChangeBatch) -> Results:
        """Have the vendor forget these people, as far as it can (GDPR article 17); `fields` hold their identifiers."""

    def check(self) -> Health:
        """Can it be used now (credentials, scopes, clock)? For `fairlead doctor`: may ask, changes nothing there."""


@runtime_checkable
class Finds(Protocol):
    """A channel that can look before it writes, and so leave alone what is or is not there."""

    def find(self, batch: ChangeBatch, fields: tuple[str, ...]) -> Existing:
        """Which of these people are there, and their `fields`. Changes nothing."""


@runtime_checkable
class LooksUp(Protocol):
    """A channel that can be asked for a batch; for all others the in-doubt rule decides."""

    def look_up(self, idempotency_key: str) -> bool | None:
        """Has this batch arrived? None where it cannot tell of this one."""


@runtime_checkable
class Holds(Protocol):
    """A channel that can see at a glance whether somebody has emptied its place."""

    def held(self, sync: str) -> int | None:
        """How many rows of this sync's making lie there now; None where it cannot tell. Changes nothing."""


@runtime_checkable
class HasFiles(Protocol):
    """A channel that delivers files which somebody can take away or damage one by one."""

    def faults(self, sync: str) -> list[str]:
        """What of this sync's files is missing or damaged, each in words with its name; [] where all is there."""


@runtime_checkable
class HasPlace(Protocol):
    """A channel that delivers files, and can say where somebody finds them."""

    def place(self, sync: str, day: date) -> str:
        """Where this sync's files of the day lie, as a person would open them. Asks nobody."""


@runtime_checkable
class HoldsMark(Protocol):
    """A channel that can hold a small text a sync beside what it delivers; see ledger/marks.py."""

    def read_mark(self, sync: str) -> bytes | None:
        """What lies there, whoever wrote it; None where there is nothing."""

    def write_mark(self, sync: str, text: str) -> None:
        """In place of the last one, whole or not at all."""


@runtime_checkable
class Reports(Protocol):
    """A channel whose vendor says what it could make of an audience: match rates and sizes."""

    def report(self) -> Mapping[str, float]:
        """Its figures as of now, each by name (shares from 0 to 1); {} where it says nothing yet. Changes nothing."""


@runtime_checkable
class TakesJobs(Protocol):
    """A channel whose vendor works in jobs. A job's rows are under way until `collect` has told of each."""

    def collect(self, job: str, keys: pa.Array) -> Results | None:
        """What became of the rows (n,) of the batch, in its order; None while the vendor is still at it."""

    def cancel(self, job: str) -> None:
        """Stop it there, as far as the vendor can. What it did until then `collect` tells."""
