"""What every sender runs: the same people in files of its own, the same receiver, and how a run is measured."""

import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.peers.process import Ran, Receiver, script

POISONED = 10_000  # rows of the poison runs, one of them bad: enough that resending them all shows
BAD_KEY = "person-000000004711"
SWEPT = 20_000  # rows: fewer than a sender sends in the time of its start-up
RUNS = 3  # of a poison: the first says what is sent, the second what is sent again, the third whether that ends


@dataclass(frozen=True)
class Course:
    work: Path  # scratch, removed at the end
    peers: Path  # where the peers' environments are kept
    rows: int
    diff_rows: Sequence[int]

    @property
    def sweep_rows(self) -> int:
        """Settings are compared on a fifth of the rows; the best then sends all of them."""
        return self.rows // 5

    def sweep(self, settings: Sequence[Any]) -> Sequence[Any]:
        """Of so few rows that a start-up is all there is to see, the first setting alone."""
        return settings if self.sweep_rows >= SWEPT else settings[:1]

    def people(self, rows: int, to: Path, changed: bool = False) -> Path:
        """A copy, for one sender, of the file of so many people; `changed`: one in a hundred has another value."""
        source = self.work / f"people-{rows}{'-changed' if changed else ''}.duckdb"
        if changed and not source.is_file():
            self.people(rows, source)
            script("people", "change", source)
        elif not source.is_file():
            script("people", "write", source, rows)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, to)
        return to

    def empty(self, name: str) -> Path:
        """A folder of that name with nothing in it, whatever was there."""
        shutil.rmtree(self.work / name, ignore_errors=True)
        (self.work / name).mkdir(parents=True)
        return self.work / name


def measured(receiver: Receiver, work: Callable[[], Ran], rows: int | None = None) -> dict[str, Any]:
    """One sender's run, measured by the clock, the kernel and the receiver.

    Raises AssertionError unless `rows` were taken.
    """
    receiver.clear()
    process = work()
    counts = receiver.counts()
    assert rows is None or counts["taken"] == rows, f"{counts['taken']} rows arrived, not {rows}"
    return {
        "rows_per_second": round(counts["taken"] / process.seconds), "seconds": round(process.seconds, 2),
        "cpu_seconds": round(process.cpu_seconds, 2), "peak_mib": process.peak_mib, "sent": counts["rows"],
        "requests": counts["requests"], "seconds_of_requests": counts["seconds"],
    }  # fmt: skip


def poison(receiver: Receiver, work: Callable[[], Ran]) -> dict[str, Any]:
    """The same run RUNS times with one bad row of POISONED; a list has one number a run, people_there is after the
    last.
    """
    result: dict[str, Any] = {name: [] for name in ("sent", "bad_tried", "requests", "exit_codes")}
    for _ in range(RUNS):
        receiver.clear()
        code, counts = work().code, receiver.counts()
        for name, value in (("sent", "rows"), ("bad_tried", "bad"), ("requests", "requests")):
            result[name].append(counts[value])
        result["exit_codes"].append(code)
        result["people_there"] = counts["people"]
    return result


def best(sweep: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return max(sweep, key=lambda run: float(run["rows_per_second"]))
