"""A small sample shop's two nights, made once a session through the command line as a person would type it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
import pytest
import servers

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
FIRST_DAY, HISTORY_END, NIGHT_1, NIGHT_2 = "2025-06-01", "2026-03-27", "2026-03-28", "2026-03-29"
PEOPLE = 600
# What may differ between two runs of the same day: clocks, and the ids of runs.
CLOCKS = {
    "_pulled_at",
    "pulled_at",
    "rejected_at",
    "scored_at",
    "at",
    "run_id",
    "started_at",
    "finished_at",
    "seconds",
    "registered_at",
}
ACTIVATION_CLOCKS = {"updated_at", "overridden_at", "idempotency_key"}  # a key holds its run's id
LOGS = {"activation.runs", "raw.pulls"}  # a row a run: what happened, not what is
LOGS |= {
    "activation.pending",
    "activation.claimed",
    "activation.answers",
}  # a push's own scratch, made anew by the next


def _clocks(table: str) -> set[str]:
    return CLOCKS | ACTIVATION_CLOCKS if table.startswith("activation.") else CLOCKS


@dataclass(frozen=True)
class Shop:
    """A home with two nights in it, the project it belongs to, and what each command answered."""

    home: Path
    project: Path
    answers: dict[str, dict[str, Any]]

    def fairlead(self, *words: str, ok: bool = True, **extra: str) -> dict[str, Any]:
        return fairlead(self.home, *words, project=self.project, ok=ok, **extra)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """One read, straight from the file: no command in between."""
        with duckdb.connect(str(self.home / "warehouse.duckdb"), read_only=True) as db:
            return db.execute(sql).fetchall()

    def digest(self) -> dict[str, str]:
        """Every table that outlives a night as a digest of its sorted rows, clocks and run ids left out."""
        with duckdb.connect(str(self.home / "warehouse.duckdb"), read_only=True) as db:
            columns = db.execute(
                "select table_schema || '.' || table_name as name, list(column_name order by column_name) from information_schema.columns"
                " where table_schema in ('raw', 'identity', 'marts', 'scores', 'activation') group by 1 order by 1"
            ).fetchall()
            return {
                name: self._content(db, name, [c for c in names if c not in _clocks(name)])
                for name, names in columns
                if name not in LOGS
            }

    @staticmethod
    def _content(db: duckdb.DuckDBPyConnection, table: str, columns: list[str]) -> str:
        kept = ", ".join(f'"{c}"' for c in columns)
        row = db.execute(
            f"select count(*) || ':' || sum(md5_number_lower(cast(row({kept}) as varchar))) from {table}"
        ).fetchone()
        return str(row[0]) if row else ""


def environment(home: Path, project: Path = ROOT, **extra: str) -> dict[str, str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("FAIRLEAD_")}
    bin_folder = str(Path(sys.executable).parent)
    path = f"{bin_folder}{os.pathsep}{inherited.get('PATH', '')}"
    return {**inherited, "PATH": path, "FAIRLEAD_HOME": str(home), "FAIRLEAD_ROOT": str(project), **extra}


def fairlead(home: Path, *words: str, project: Path = ROOT, ok: bool = True, **extra: str) -> dict[str, Any]:
    """Run one command with --json; its object. `ok` says whether it should exit 0."""
    command = [sys.executable, "-m", "fairlead", *words, "--json"]
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment(home, project, **extra), cwd=project, timeout=600
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 1, f"{words}: expected one JSON object, got {done.stdout[:2000]!r} {done.stderr[-3000:]!r}"
    answer: dict[str, Any] = json.loads(lines[0])
    assert (done.returncode == 0) is ok, (
        f"{words}: exit {done.returncode}: {json.dumps(answer)[:3000]} {done.stderr[-2000:]}"
    )
    return answer


SHOP_TESTS = {
    "test_end_to_end.py",
    "test_docs.py",
    "test_faults.py",
}  # they share one shop: one worker, one making of it


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With two workers (`-n 2 --dist loadgroup`) a file's tests stay together, and so do those that share the shop."""
    for item in items:
        group = "shop" if item.path.name in SHOP_TESTS else str(item.path.relative_to(ROOT))
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def shared() -> Path:
    if not (SHARED / "data").is_dir():
        pytest.skip("needs ../shared/data, which is not part of the project")
    return SHARED


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    home = tmp_path_factory.mktemp("shop")
    answers = {
        "sample": fairlead(home, "sample", "--people", str(PEOPLE), "--from", FIRST_DAY, "--to", NIGHT_2),
        "backfill": fairlead(home, "pull", "--from", FIRST_DAY, "--to", HISTORY_END),
        "night 1": fairlead(home, "run", "--day", NIGHT_1),
        "night 2": fairlead(home, "run", "--day", NIGHT_2),
    }
    return Shop(home, ROOT, answers)


@pytest.fixture(scope="session")
def run_fairlead() -> Callable[..., dict[str, Any]]:
    return fairlead


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[int]:
    """The port of a PostgreSQL whose superuser is `fairlead`; started once a session."""
    with servers.postgres() as port:
        yield port


@pytest.fixture(scope="module")
def postgres(postgres_server: int, request: pytest.FixtureRequest) -> str:
    """The URL of a database of the test file's own."""
    name = re.sub(r"\W", "_", request.module.__name__).lower()
    address = f"postgresql://fairlead@127.0.0.1:{postgres_server}"
    connection = psycopg2.connect(f"{address}/postgres")
    connection.autocommit = True
    connection.cursor().execute(f"create database {name}")
    connection.close()
    return f"{address}/{name}"
