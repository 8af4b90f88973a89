"""A channel of the folder, open to its vendor's fake; and batches of people, written briefly."""

import contextlib
import importlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from support.descriptions.check import check

from activation.catalogue import find_channel
from activation.channel import ChangeBatch, Channel, Submitted
from activation.delivery import usual
from activation.delivery.pace import Pace
from activation.delivery.results import Delivery
from activation.delivery.send import Retry, deliver
from core.settings import load_settings

DAY = date(2026, 1, 15)


@contextlib.contextmanager
def closing(channel: Channel) -> Iterator[Channel]:
    """Closed at the end as a push closes it."""
    try:
        yield channel
    finally:
        usual.close(channel)


@contextlib.contextmanager
def opened(
    fake: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str] | None = None, **options: Any
) -> Iterator[Channel]:
    """With the fake's own options, and these; a request that the vendor's description forbids fails the test."""
    with fake.running(folder, check):
        for variable, value in (environment or fake.environment).items():
            monkeypatch.setenv(variable, value)
        with closing(channel_at(fake.channel, fake.section(), folder, {**fake.options, **options})) as channel:
            yield channel
    assert not fake.violations, "\n".join(fake.violations[:5])


@contextlib.contextmanager
def vendor(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch, fake: Any = None, **options: Any
) -> Iterator[tuple[Any, Channel]]:
    """The fake of that name and its channel."""
    fake = fake or importlib.import_module(f"support.fakes.{name}").Vendor()
    with opened(fake, folder, monkeypatch, **options) as channel:
        yield fake, channel


def channel_at(name: str, section: dict[str, Any], folder: Path, options: dict[str, Any]) -> Any:
    settings = load_settings(home=folder / "home", channels={name: section})
    file = find_channel(settings, name)
    return file.open_channel(settings, file.Options(**options))


def batch(
    rows: list[dict[str, Any]], op: str = "add", before: list[dict[str, Any]] | None = None, **more: Any
) -> ChangeBatch:
    """Persons p0, p1, …; the columns are all the fields that any row names."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    kind = {name: pa.array([row.get(name) for row in rows]).type for name in names}
    kind = {name: pa.string() if one == pa.null() else one for name, one in kind.items()}

    def table(of: list[dict[str, Any]]) -> pa.Table:
        return pa.table({name: pa.array([row.get(name) for row in of], kind[name]) for name in names})

    keys = more.pop("keys", [f"p{i}" for i in range(len(rows))])
    return ChangeBatch(
        sync="loyal__test", day=DAY, run_id="run", idempotency_key="loyal__test.2026-01-15.1",
        keys=pa.array(keys, pa.string()),
        ops=pa.array([op] * len(rows), pa.string()), fields=table(rows),
        before=None if before is None else table(before), **more,
    )  # fmt: skip


def delivered(channel: Channel, changes: ChangeBatch, attempts: int = 3) -> Delivery:
    """What the loop makes of it, without waiting."""
    retry = Retry(attempts=attempts, first_wait_seconds=0.001, longest_wait_seconds=0.01, sleep=lambda seconds: None)
    return deliver(channel, changes, retry, Pace(None, sleep=lambda seconds: None))


def changes(op="add", key="run1", sync="loyal__test", before=None, **columns) -> ChangeBatch:
    """Rows p0, p1, … with these columns; lists of one type each."""
    more = {name: columns.pop(name) for name in ("mode", "policies", "keys", "remote_ids") if name in columns}
    table = pa.table(columns)
    keys = more.pop("keys", [f"p{i}" for i in range(len(table))])
    if "remote_ids" in more:
        more["remote_ids"] = pa.array(more["remote_ids"], pa.string())
    return ChangeBatch(
        sync=sync, day=DAY, run_id="run", idempotency_key=f"{sync}.{DAY}.{key}", keys=pa.array(keys, pa.string()),
        ops=pa.array([op] * len(keys), pa.string()), fields=table,
        before=None if before is None else pa.table(before), **more,
    )  # fmt: skip


def settled(channel, batch) -> list[tuple]:
    """(status, error) of each row, a job waited for."""
    said = channel.push(batch)
    for _ in range(20):
        if not isinstance(said, Submitted):
            break
        said = channel.collect(said.job, batch.keys) or said
    return list(zip(said.statuses.to_pylist(), said.errors.to_pylist(), strict=True))


def statuses(channel, batch) -> list[str]:
    return [status for status, _ in settled(channel, batch)]
