"""Where rows wait between a network and the warehouse: private files below FAIRLEAD_HOME/tmp, gone with the pull.

What a killed pull left there is swept away by the next command that wants a folder there.
"""

import itertools
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from connectors.reading import Batch, Reading
from core.errors import FatalError
from core.home import scratch_folder

LOOK_BYTES = 16 << 20  # written between two looks at the disk
SPARE_BYTES = 256 << 20  # or a twentieth of a small disk: the warehouse needs room for the same rows
OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


class Spool:
    """Batches in, the same batches out, from disk; memory does not grow with them."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._numbers, self._written_bytes = folder, itertools.count(), 0

    def keep(self, reading: Reading) -> Reading:
        """Read all of it, and give a reading from disk in its place."""
        reading.batches = self._batches(list(self._to_files(reading.batches)))
        if reading.keys is not None:
            keys = list(self._to_files(Batch((), data) for data in reading.keys))
            reading.keys = (batch.data for batch in self._batches(keys))
        return reading

    def _to_files(self, batches: Iterable[Batch]) -> Iterator[tuple[Batch, Path]]:
        """One file for each run of batches of one shape; its first batch, without rows, says which."""
        for _, group in itertools.groupby(batches, lambda b: (b.header, b.form, b.data.schema)):
            first = next(group)
            path = self._folder / f"{next(self._numbers)}.arrow"
            path.touch(mode=0o600, exist_ok=False)
            with path.open("wb") as file, pa.ipc.new_stream(file, first.data.schema, options=OPTIONS) as writer:
                for batch in itertools.chain([first], group):
                    writer.write_batch(batch.data)
                    self._look_at_the_disk(batch.data.nbytes)
            yield Batch(first.header, first.data.slice(0, 0), first.form), path

    def _batches(self, files: list[tuple[Batch, Path]]) -> Iterator[Batch]:
        for shape, path in files:
            with path.open("rb") as file, pa.ipc.open_stream(file) as reader:
                for data in reader:
                    yield Batch(shape.header, data, shape.form)
            path.unlink()

    def _look_at_the_disk(self, more: int) -> None:
        before, self._written_bytes = self._written_bytes, self._written_bytes + more
        if before // LOOK_BYTES == self._written_bytes // LOOK_BYTES:
            return
        disk = shutil.disk_usage(self._folder)
        if disk.free < min(SPARE_BYTES, disk.total // 20):
            raise FatalError(f"only {disk.free >> 20} MB are left on the disk. Free some, and pull again.")


@contextmanager
def opened(home: Path) -> Iterator[Spool]:
    """A spool of this pull's own, below the home."""
    with scratch_folder(home, "pull") as folder:
        yield Spool(folder)
