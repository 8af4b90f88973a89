"""dlt, as its users run it: a pipeline from DuckDB to a sink function (`@dlt.destination`), see dlt_pipeline.py.

Its settings were found by a sweep. What decides: rows that are extracted as Arrow tables are four times as fast as
Python objects. It compares nothing with what was sent before; what it has for a table with a column that says when a
row changed is a cursor.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.peers.course import BAD_KEY, POISONED, Course, best, measured, poison
from bench.peers.environment import duckdb_version, environment
from bench.peers.process import Ran, Receiver, receiving, run, script_path

REQUIREMENTS = ("dlt[duckdb,parquet]==1.31.0", "orjson", "requests")
SWEEP = tuple((form, rows) for form in ("objects", "arrow") for rows in (1_000, 5_000, 10_000))


@dataclass(frozen=True)
class Pipeline:
    folder: Path
    python: Path
    url: str

    def run(self, file: Path, form: str, batch: int, cursor: str = "no") -> Ran:
        words = (file, self.url, self.folder / "state", batch, form, cursor)
        env = {**os.environ, "RUNTIME__DLTHUB_TELEMETRY": "false", "HOME": str(self.folder)}
        return run([self.python, "-P", script_path("dlt_pipeline"), *map(str, words)], env=env, fails=True)

    def forget(self) -> None:
        shutil.rmtree(self.folder / "state", ignore_errors=True)


def measure(course: Course) -> dict[str, Any]:
    bin_folder = environment(course.peers, "dlt", REQUIREMENTS)
    python = bin_folder / "python"
    with receiving() as receiver:
        pipeline = Pipeline(course.work / "dlt", python, receiver.url())
        sweep = [_pushed(course, pipeline, receiver, course.sweep_rows, *setting) for setting in course.sweep(SWEEP)]
        setting = best(sweep)["form"], best(sweep)["rows_per_request"]
        push = _pushed(course, pipeline, receiver, course.rows, *setting)
        cursor = _by_cursor(course, pipeline, receiver, *setting)
    ways = {"whole batch refused": _poison(course, python)}
    return {
        "package": REQUIREMENTS[0],
        "duckdb": duckdb_version(bin_folder),
        **push,
        "sweep": sweep,
        "by_cursor": cursor,
        "poison": ways,
    }


def _pushed(course: Course, pipeline: Pipeline, receiver: Receiver, rows: int, form: str, batch: int) -> dict[str, Any]:
    file = course.people(rows, pipeline.folder / "people.duckdb")
    pipeline.forget()
    process = measured(receiver, lambda: pipeline.run(file, form, batch), rows)
    return {"form": form, "rows_per_request": batch, "rows": rows, **process}


def _by_cursor(course: Course, pipeline: Pipeline, receiver: Receiver, form: str, batch: int) -> dict[str, Any]:
    """Nothing changed, then one in a hundred, where a column tells it; a person who leaves is never noticed."""
    file, rows = pipeline.folder / "people.duckdb", course.rows
    pipeline.forget()
    course.people(rows, file)
    measured(receiver, lambda: pipeline.run(file, form, batch, "yes"), rows)
    unchanged = measured(receiver, lambda: pipeline.run(file, form, batch, "yes"), 0)
    course.people(rows, file, changed=True)
    changed = measured(receiver, lambda: pipeline.run(file, form, batch, "yes"), len(range(0, rows, 100)))
    return {"unchanged": unchanged, "one_percent": changed}


def _poison(course: Course, python: Path) -> dict[str, Any]:
    """A sink that raises has its batch tried five times a run, and what comes after it waits."""
    folder = course.work / "dlt-poison"
    file = course.people(POISONED, folder / "people.duckdb")
    with receiving(BAD_KEY) as receiver:
        pipeline = Pipeline(folder, python, receiver.url("/whole"))
        return poison(receiver, lambda: pipeline.run(file, "arrow", 1_000))
