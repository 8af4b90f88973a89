"""drt, as its users run it: a project of YAML files, `drt run`, DuckDB to the batched REST destination.

Its settings were found by reading its source and by a sweep. What decides: `sync.batch_size` is how many rows it
fetches before it opens a new HTTP client (45 ms, for the certificates), `max_records_per_request` how many a request
holds; with the two equal and small, as its documentation shows them, it is a fifth as fast. No pace
(`requests_per_second: 0`), no telemetry. Its diff (`incremental_strategy: diff`) takes no DuckDB source and no REST
destination: see drt_diff.py. What it has here is a cursor, for tables with a column that says when a row changed.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.peers.course import BAD_KEY, POISONED, Course, best, measured, poison
from bench.peers.environment import duckdb_version, environment
from bench.peers.process import Ran, Receiver, receiving, run

PACKAGE = "drt-core[duckdb]==1.2.1"
SWEEP = ((1_000, 1_000), (10_000, 1_000), (50_000, 1_000), (50_000, 5_000), (50_000, 10_000), (200_000, 5_000))
TEMPLATE = "{{ rows | tojson_safe }}"
FIELDS = "key, email, first_name, last_name, value"


@dataclass(frozen=True)
class Project:
    """A folder as `drt init` makes one, and a home that holds its profile. JSON is YAML, too."""

    folder: Path
    program: Path

    def write(self, profile: Mapping[str, Any], sync: Mapping[str, Any]) -> None:
        for place in ("syncs", "home/.drt"):
            (self.folder / place).mkdir(parents=True, exist_ok=True)
        (self.folder / "drt_project.yml").write_text('{"name": "bench", "version": "0.1", "profile": "bench"}')
        (self.folder / "home/.drt/profiles.yml").write_text(json.dumps({"bench": profile}))
        (self.folder / "syncs/everybody.yml").write_text(json.dumps({"name": "everybody", **sync}))

    def run(self) -> Ran:
        env = {**os.environ, "HOME": str(self.folder / "home"), "DO_NOT_TRACK": "1"}
        return run([self.program, "run", "--quiet"], cwd=self.folder, env=env, fails=True)


def rest(url: str, batch: int, request: int, fields: str = FIELDS, **options: Any) -> dict[str, Any]:
    """A sync from DuckDB to the REST destination. `options` go to `sync:`, but for `error_path`."""
    errors = {"error_path": options.pop("error_path")} if "error_path" in options else {}
    return {
        "model": f"select {fields} from people",
        "destination": {
            "type": "rest_api",
            "url": url,
            "headers": {"Content-Type": "application/json"},
            "body_mode": "batch",
            "batch_template": TEMPLATE,
            "max_records_per_request": request,
            **errors,
        },
        "sync": {
            "mode": "full",
            "batch_size": batch,
            "on_error": "skip",
            "rate_limit": {"requests_per_second": 0},
            **options,
        },
    }


def measure(course: Course) -> dict[str, Any]:
    bin_folder = environment(course.peers, "drt", [PACKAGE])
    home = Project(course.work / "drt", bin_folder / "drt")
    with receiving() as receiver:
        sweep = [_pushed(course, home, receiver, course.sweep_rows, *setting) for setting in course.sweep(SWEEP)]
        setting = best(sweep)["batch_size"], best(sweep)["rows_per_request"]
        push = _pushed(course, home, receiver, course.rows, *setting)
        cursor = _by_cursor(course, home, receiver, *setting)
    return {
        "package": PACKAGE,
        "duckdb": duckdb_version(bin_folder),
        **push,
        "sweep": sweep,
        "by_cursor": cursor,
        "poison": _poisons(course, home),
    }


def _pushed(course: Course, home: Project, receiver: Receiver, rows: int, batch: int, request: int) -> dict[str, Any]:
    file = course.people(rows, home.folder / "people.duckdb")
    home.write({"type": "duckdb", "database": str(file)}, rest(receiver.url(), batch, request))
    return {"batch_size": batch, "rows_per_request": request, "rows": rows, **measured(receiver, home.run, rows)}


def _by_cursor(course: Course, home: Project, receiver: Receiver, batch: int, request: int) -> dict[str, Any]:
    """Nothing changed, then one in a hundred, where a column tells it; a person who leaves is never noticed."""
    file = course.people(course.rows, home.folder / "people.duckdb")
    options = {"mode": "incremental", "cursor_field": "updated_at"}
    sync = rest(receiver.url(), batch, request, f"{FIELDS}, updated_at", **options)
    home.write({"type": "duckdb", "database": str(file)}, sync)
    measured(receiver, home.run, course.rows)
    unchanged = measured(receiver, home.run, 0)
    course.people(course.rows, file, changed=True)
    return {"unchanged": unchanged, "one_percent": measured(receiver, home.run, len(range(0, course.rows, 100)))}


def _poisons(course: Course, home: Project) -> dict[str, Any]:
    """Three ways to live with a bad row, under a receiver that tells which row it is, and one under one that does
    not.
    """
    cursor = {"mode": "incremental", "cursor_field": "updated_at"}
    ways: dict[str, tuple[str, dict[str, Any]]] = {
        "full, whole batch refused": ("/whole", {}),
        "full, row named": ("/errors", {"error_path": "errors"}),
        "cursor, row named, on_error skip": ("/errors", {"error_path": "errors", **cursor}),
        "cursor, row named, on_error fail": ("/errors", {"error_path": "errors", **cursor, "on_error": "fail"}),
    }
    runs = {}
    for number, (way, (path, options)) in enumerate(ways.items()):
        own = Project(home.folder / f"poison-{number}", home.program)
        file = course.people(POISONED, own.folder / "people.duckdb")
        with receiving(BAD_KEY) as receiver:
            fields = f"{FIELDS}, updated_at" if "mode" in options else FIELDS
            sync = rest(receiver.url(path), 1_000, 1_000, fields, **options)
            own.write({"type": "duckdb", "database": str(file)}, sync)
            runs[way] = poison(receiver, own.run)
    return runs
