"""What a channel is: one small file in `activation/channels/`, found by scanning; how to write one: docs/how_to/add_a_channel.md.

A channel turns one batch of changes into one request and says of every change what became of it. It never decides
consent, never logs a record, never retries, never touches the ledger: the loop in `push.py` does.
"""

import importlib.util
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from core.errors import ConfigError, RetryableError
from core.settings import Settings
from core.specs import Spec

InDoubt = Literal["idempotent", "message"]  # after a crash between send and answer: send again · never send twice
ACCEPTED, REJECTED, IN_DOUBT = "accepted", "rejected", "in_doubt"


@dataclass(frozen=True)
class Limits:
    """What the other side takes: data, so that the plan can say calls and minutes without sending."""

    batch_size: int
    requests_per_minute: float | None = None  # None: no limit known
    body_bytes: int | None = None  # a channel raises BatchRejected before sending more
    seconds_per_call: float = 0.5  # what a call usually takes; for the plan's minutes only


@dataclass(frozen=True)
class ChangeBatch:
    """Columns of equal length, one row a change, each person once, in the order in which they must be applied."""

    sync: str
    day: date
    run_id: str
    idempotency_key: str  # the same at every try of this batch, another for the same people at another time
    keys: pa.Array  # string: person_id, by which the channel knows the person
    ops: pa.Array  # string: add · update · remove
    fields: pa.Table  # the mapped fields, plain types only: string, int64, double, bool; NULL = unknown

    def __len__(self) -> int:
        return len(self.keys)


@dataclass(frozen=True)
class Results:
    """Exactly one row for each change of the batch, in the batch's order."""

    statuses: pa.Array  # string: accepted · rejected · in_doubt
    errors: pa.Array  # string: why not; NULL where accepted

    @classmethod
    def accepted(cls, rows: int) -> "Results":
        return cls(pa.repeat(pa.scalar(ACCEPTED), rows), pa.nulls(rows, pa.string()))

    @classmethod
    def rejecting(cls, bad: pa.Array, reason: pa.Array | str) -> "Results":
        """Rejected where `bad` (n,) is true, with `reason` (n,) or one for all; accepted elsewhere."""
        why = pa.repeat(pa.scalar(reason), len(bad)) if isinstance(reason, str) else reason
        return cls(pc.if_else(bad, REJECTED, ACCEPTED), pc.if_else(bad, why, pa.scalar(None, pa.string())))


@dataclass(frozen=True)
class Health:
    ok: bool
    detail: str


class NotSent(RetryableError):  # noqa: N818  (it says what is known, not that something is wrong)
    """Nothing happened there, for sure (429, connection refused, 503 with Retry-After): the same batch may go again."""

    def __init__(self, message: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class MaybeSent(NotSent):
    """The other side may have acted (timeout, 5xx, connection cut, unreadable answer). A message channel is not tried again."""


class BatchRejected(Exception):  # noqa: N818
    """The whole batch was refused for its content (400, 413, 422): the loop splits it until the bad rows stand alone."""


class Channel(Protocol):
    """One sync's open end at one channel. A FatalError (401, 404) ends the sync; its rows come back in the next run."""

    limits: Limits
    in_doubt: InDoubt
    removal_needs_fields: bool  # False: a removal carries the key alone, and no personal data goes out
    not_configured: str  # what is missing in this installation; "" when it can be used

    def push(self, batch: ChangeBatch) -> Results: ...

    def look_up(self, idempotency_key: str) -> bool | None:
        """Has this batch arrived? None where the channel cannot tell; then its in-doubt rule decides."""

    def check(self) -> Health:
        """Can it be used now? For `fairlead doctor`: may ask the other side, changes nothing there."""

    def close(self) -> None: ...


class ChannelFile(Protocol):
    """What a file in a channels folder holds."""

    Options: type[Spec]  # the sync's `options:`, checked when the sync file is read

    def open_channel(self, settings: Settings, options: Spec) -> Channel: ...


def channel_folders(settings: Settings) -> list[Path]:
    """Ours, and the project's own where Fairlead is installed apart from it."""
    folders = (Path(__file__).parent / "channels", settings.root / "activation" / "channels")
    return [f for f in dict.fromkeys(p.resolve() for p in folders) if f.is_dir()]


def find_channels(folders: Iterable[Path]) -> Mapping[str, Any]:
    """Stem -> ChannelFile, for every channel file in the folders; a later folder's file replaces an earlier one's."""
    found: dict[str, ModuleType] = {}
    for folder in folders:
        for path in sorted(p for p in folder.glob("*.py") if not p.stem.startswith("_")):
            found[path.stem] = _load(path)
    return found


def _load(path: Path) -> ModuleType:
    name = f"activation.channels.{path.stem}"
    known = sys.modules.get(name)
    if known is not None and known.__file__ == str(path):
        return known
    described = importlib.util.spec_from_file_location(name, path)
    if described is None or described.loader is None:
        raise ConfigError(f"{path.name}: not readable as a channel.")
    module = importlib.util.module_from_spec(described)
    sys.modules[name] = module
    described.loader.exec_module(module)
    missing = [part for part in ("Options", "open_channel") if not hasattr(module, part)]
    if missing:
        raise ConfigError(
            f"activation/channels/{path.name}: has no {' and no '.join(missing)}. See docs/how_to/add_a_channel.md."
        )
    return module
