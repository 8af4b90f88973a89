"""drt's own diff, where it has one: a PostgreSQL table to a PostgreSQL table, snapshots compared in the warehouse.

DuckDB and REST are both out of its reach, so it stands beside the others' diffs as what drt gives to whom has
PostgreSQL. The table it diffs has a primary key and is analysed; source and target are two schemas of one server. What
a first run leaves behind (the target's rows and the snapshot) is written by SQL: its own first run writes some 6,000
rows a second.
"""

import json
from typing import Any

from bench.peers.course import Course
from bench.peers.drt import FIELDS, Project
from bench.peers.environment import environment
from bench.peers.postgres import postgres, program
from bench.peers.process import run, script

PACKAGE = "drt-core[duckdb,postgres]==1.2.1"
BATCH = 10_000  # rows it fetches at a time; more are no faster
SNAPSHOT = "_drt_snapshot_everybody"  # its name for what the last run of sync `everybody` saw
TABLE = "(key text primary key, email text, first_name text, last_name text, value double precision)"


def measure(course: Course) -> dict[str, Any]:
    home = Project(course.work / "drt-diff", environment(course.peers, "drt-diff", [PACKAGE]) / "drt")
    csv = course.work / "people.csv"
    script("people", "csv", course.people(course.rows, home.folder / "people.duckdb"), csv)
    with postgres() as port:
        _ask(port, "create schema there", f"create table there.people {TABLE}")
        _ask(port, f"create table people {TABLE[:-1]}, updated_at timestamp)", f"\\copy people from '{csv}' csv")
        _ask(port, f"insert into there.people select {FIELDS} from people", "analyze people", "analyze there.people")
        _ask(port, "create schema _drt", f"create table _drt.{SNAPSHOT} as select {FIELDS} from people")
        home.write(_profile(port), _sync(port))
        unchanged = _run(home, 0)
        _ask(port, "update people set value = value + 1 where right(key, 12)::bigint % 100 = 0", "analyze people")
        changed = _run(home, len(range(0, course.rows, 100)))
    return {"package": PACKAGE, "rows": course.rows, "unchanged": unchanged, "one_percent": changed}


def _profile(port: int) -> dict[str, Any]:
    return {
        "type": "postgres",
        "host": "127.0.0.1",
        "port": port,
        "dbname": "postgres",
        "user": "postgres",
        "password": "none",
    }


def _sync(port: int) -> dict[str, Any]:
    place = {"host": "127.0.0.1", "port": port, "dbname": "postgres", "user": "postgres", "password": "none"}
    return {
        "model": f"select {FIELDS} from public.people",
        "destination": {"type": "postgres", "table": "there.people", "upsert_key": ["key"], **place},
        "sync": {"mode": "upsert", "incremental_strategy": "diff", "batch_size": BATCH, "on_error": "fail"},
    }


def _run(home: Project, rows: int) -> dict[str, Any]:
    """Raises AssertionError unless the run says that it wrote just so many rows."""
    process = home.run()
    result = json.loads((home.folder / "target/drt/run_results.json").read_text())["results"][0]
    assert (process.code, result["rows_synced"]) == (0, rows), f"drt wrote {result['rows_synced']} rows, not {rows}"
    return {"seconds": round(process.seconds, 2), "peak_mib": process.peak_mib, "rows": rows}


def _ask(port: int, *statements: str) -> None:
    words = [word for statement in statements for word in ("-c", statement)]
    run([program("psql"), "-q", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-v", "ON_ERROR_STOP=1", *words])
