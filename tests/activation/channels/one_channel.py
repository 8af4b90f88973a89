"""One channel open to its fake, and batches written as columns: for the tests of what is special to a vendor."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import pyarrow as pa
from activation_descriptions import check

from activation.channel import ChangeBatch, Submitted, find_channel
from core.settings import load_settings

DAY = date(2026, 1, 15)


@contextmanager
def opened(name, folder, monkeypatch, fake=None, **options) -> Iterator[tuple]:
    """(fake, channel); what the vendor's own description does not allow fails the test at the end."""
    fake = fake or importlib.import_module(f"fakes.{name}").Vendor()
    with fake.running(folder / "vendor", check):
        for variable, value in fake.environment.items():
            monkeypatch.setenv(variable, value)
        settings = load_settings(home=folder / "home", channels={name: fake.section()})
        file = find_channel(settings, name)
        channel = file.open_channel(settings, file.Options(**{**fake.options, **options}))
        yield fake, channel
        channel.close()
    assert not fake.violations, "\n".join(fake.violations[:5])


def changes(op="add", key="run1", sync="loyal__test", before=None, **columns) -> ChangeBatch:
    """Rows p0, p1, … with these columns; lists of one type each."""
    more = {name: columns.pop(name) for name in ("mode", "policies", "keys", "remote_ids") if name in columns}
    table = pa.table(columns)
    keys = more.pop("keys", [f"p{i}" for i in range(len(table))])
    if "remote_ids" in more:
        more["remote_ids"] = pa.array(more["remote_ids"], pa.string())
    return ChangeBatch(
        sync=sync, day=DAY, run_id="run", idempotency_key=f"{sync}.{DAY}.{key}", keys=pa.array(keys, pa.string()),
        ops=pa.array([op] * len(keys), pa.string()), fields=table, before=None if before is None else pa.table(before), **more,
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
