"""Somebody else's read, held to a time and a size: while it lasts nobody writes, and what it gives is held in memory."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from core.errors import ConfigError
from core.settings import Settings

MOST_BYTES = 64 * 1024**2  # as Arrow; as Python's and JSON's it is a multiple
BATCH_ROWS = 2048
LOOK_SECONDS = 0.2  # how often we look at the clock, and ask again for the end
END_TRIES = 25


@dataclass
class _Reading:
    """A read in a thread of its own: an engine at work hears neither a signal nor a clock."""

    read: Callable[[], Iterable[pa.RecordBatch]]
    rows: int
    batches: list[pa.RecordBatch] = field(default_factory=list)
    error: BaseException | None = None
    done: threading.Event = field(default_factory=threading.Event)  # a thread whose join a signal breaks off looks dead

    def run(self) -> None:
        try:
            found = size = 0
            for batch in self.read():
                found, size = found + batch.num_rows, size + batch.nbytes
                self._refuse(found, size)
                self.batches.append(batch)
        except BaseException as error:  # raised again where somebody waits
            self.error = error
        finally:
            self.done.set()

    def _refuse(self, found: int, size: int) -> None:
        mend = f"Count or sum instead of listing, or end it with `limit {self.rows}` or less."
        if found > self.rows:
            raise ConfigError(f"The query gives more than {self.rows:,} rows (warehouse.look_rows). {mend}")
        if size > MOST_BYTES:
            raise ConfigError(f"The query gives more than {MOST_BYTES // 1024**2} MiB. {mend} Or name fewer columns.")


def looked(settings: Settings, open_reader: Callable[[], Any], cancel: Callable[[], None]) -> pa.Table:
    """All rows of a reader. Raises ConfigError when they are too many or take too long; a signal ends it within a second."""
    limits, schema = settings.warehouse, []

    def read() -> Iterable[pa.RecordBatch]:
        reader = open_reader()
        schema.append(reader.schema)
        yield from reader

    reading = _Reading(read, limits.look_rows)
    threading.Thread(target=reading.run, daemon=True).start()
    try:
        for _ in range(max(1, int(limits.look_seconds / LOOK_SECONDS))):
            if reading.done.wait(LOOK_SECONDS):
                break
        else:
            raise ConfigError(
                f"The query took longer than {limits.look_seconds:g} s and was ended: while it reads nobody writes. "
                "Ask for less, or raise warehouse.look_seconds."
            )
    except BaseException:
        for _ in range(END_TRIES):
            if reading.done.is_set():
                break
            cancel()
            reading.done.wait(LOOK_SECONDS)
        raise
    if reading.error is not None:
        raise reading.error
    return pa.Table.from_batches(reading.batches, schema=schema[0])
