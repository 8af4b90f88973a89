"""One file a day and table, with the dirt that real feeds have: lines late, twice, or cut off half-way."""

import zlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_shop import chance
from sample_shop.clock import Day
from sample_shop.traces.text import body, join

SMALL_BYTES = 65_536  # is written at once: handing it over would take longer
WAITING_FILES = 8  # at most so many days' bytes are held while the disk is busy
ALWAYS_FROM = 100  # a file of so many lines has at least one of each fault it is prone to
WHOLE_BELOW = 50  # one broken line in fewer would be above a table's max_reject_share


@dataclass(frozen=True, slots=True)
class Dirt:
    """Shares of the day's lines. A broken line is a failed write: it stands before the whole one, so nothing is lost."""

    late: float = 0.0
    duplicated: float = 0.0
    broken: float = 0.0


@dataclass(slots=True)
class Counts:
    """lines = made - late_out + late_in + duplicated + broken, for every file."""

    day: date
    made: int
    late_in: int
    late_out: int = 0
    duplicated: int = 0
    broken: int = 0
    lines: int = 0


class Disk:
    """Compresses and writes behind the simulation's back; a failure surfaces at the next write or at the end."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=2)
        self._waiting: deque[Future[None]] = deque()

    def write(self, path: Path, head: bytes, lines: pa.Array, encoding: str) -> None:
        if lines.nbytes < SMALL_BYTES:
            _write(path, head, lines, encoding)
            return
        if len(self._waiting) >= WAITING_FILES:
            self._waiting.popleft().result()
        self._waiting.append(self._pool.submit(_write, path, head, lines, encoding))

    def close(self) -> None:
        self._pool.shutdown(wait=True)
        for done in self._waiting:
            done.result()


def _write(path: Path, head: bytes, lines: pa.Array, encoding: str) -> None:
    data: bytes | memoryview = body(lines)
    if encoding != "utf-8":
        head, data = head.decode().encode(encoding), bytes(data).decode().encode(encoding)
    with path.open("wb") as file:
        if path.suffix == ".gz":
            squeeze = zlib.compressobj(1, wbits=31)  # gzip without a time in its head: the same bytes every run
            for piece in (squeeze.compress(head), squeeze.compress(data), squeeze.flush()):
                file.write(piece)
        else:
            file.write(head)
            file.write(data)


class DayFiles:
    """All days of one table below `folder`; `stem` and `suffix` stand around the date."""

    def __init__(self, table: str, stem: Path, suffix: str, dirt: Dirt, *, encoding: str = "utf-8") -> None:
        self.table, self.dirt = table, dirt
        self._stem, self._suffix, self._encoding = stem, suffix, encoding
        self._late: pa.Array = pa.array([], pa.string())
        self.counts: list[Counts] = []
        stem.parent.mkdir(parents=True, exist_ok=True)

    def write(self, day: Day, lines: pa.Array, seed: int, disk: Disk, header: str = "") -> None:
        counts = Counts(day.date, made=len(lines), late_in=len(self._late))
        if len(lines) or len(self._late):
            lines = self._soil(chance.stream(seed, "dirt " + self.table, day.number), lines, counts)
        counts.lines = len(lines)
        self.counts.append(counts)
        disk.write(Path(f"{self._stem}{day.date}{self._suffix}"), header.encode(), lines, self._encoding)

    def _soil(self, rng: np.random.Generator, lines: pa.Array, counts: Counts) -> pa.Array:
        """The order in which lines arrive is worked out first, and the text copied once."""
        late = self._places(rng, self.dirt.late, len(lines))
        held = len(self._late)
        order = np.concatenate([np.arange(held), held + np.delete(np.arange(len(lines)), late)])
        pool = [self._late, lines] if held else [lines]
        twice = self._places(rng, self.dirt.duplicated, len(order))
        order = np.insert(order, twice, order[twice])
        broken = self._places(rng, self.dirt.broken if len(order) >= WHOLE_BELOW else 0, len(order))
        counts.late_out, counts.duplicated, counts.broken = len(late), len(twice), len(broken)
        if not (held or len(late) or len(twice) or len(broken)):
            return lines
        if len(broken):
            all_lines = pa.concat_arrays(pool) if held else lines
            pool = [all_lines, _damaged(all_lines.take(pa.array(order[broken])), ".csv" in self._suffix)]
            order = np.insert(order, broken, len(all_lines) + np.arange(len(broken)))
        self._late = lines.take(pa.array(late))
        return pa.concat_arrays(pool).take(pa.array(order))

    def _places(self, rng: np.random.Generator, share: float, count: int) -> np.ndarray:
        wanted = int(count * share + rng.random())
        if share and count >= ALWAYS_FROM:
            wanted = max(wanted, 1)
        return np.unique(rng.integers(0, count, wanted)) if share and count else np.zeros(0, np.int64)


def _damaged(lines: pa.Array, is_csv: bool) -> pa.Array:
    """Cut off; or for CSV, every second one, with two fields too many."""
    if not is_csv:
        return join(pc.utf8_slice_codeunits(lines, 0, 90), "\n")
    cut = pc.replace_substring_regex(lines, r"^([^;,\n]*[;,][^;,\n]*).*\n$", "\\1\n")
    delimiter = pc.replace_substring_regex(lines, r"^[^;,\n]*([;,])(?s:.*)$", r"\1")
    wide = join(pc.utf8_slice_codeunits(lines, 0, -1), delimiter, delimiter, "?\n")
    return pc.if_else(pa.array(np.arange(len(lines)) % 2 == 0), cut, wide)
