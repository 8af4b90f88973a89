"""The command line as a person types it, and a home with nights in it to look at: read straight from the file."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
from support import warm

ROOT = Path(__file__).resolve().parents[2]
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
ACTIVATION_CLOCKS = {
    "updated_at",
    "overridden_at",
    "idempotency_key",
    "logged_at",
    "kept_at",
}  # a key holds its run's id
LOGS = {
    "activation.runs",
    "activation.calls",
    "activation.alerts",
    "raw.pulls",
}  # a row a run: what happened, not what is
SCRATCH = {
    "activation.pending",
    "activation.claims",
    "activation.sending",
    "activation.cancels",
}  # a push's own, made anew by the next


def _clocks(table: str) -> set[str]:
    return CLOCKS | ACTIVATION_CLOCKS if table.startswith("activation.") else CLOCKS


@dataclass(frozen=True)
class Shop:
    """A home with nights in it, the project it belongs to, and what each command answered."""

    home: Path
    project: Path = ROOT
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)

    def fairlead(self, *words: str, ok: bool | None = True, typed: bool | None = None, **extra: str) -> dict[str, Any]:
        return fairlead(self.home, *words, project=self.project, ok=ok, typed=typed, **extra)

    def copied(self, to: Path) -> "Shop":
        """The same home once more, to do something to."""
        subprocess.run(["cp", "-r", str(self.home), str(to)], check=True)
        return Shop(to, self.project, self.answers)

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
                if name not in LOGS | SCRATCH
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


def fairlead(
    home: Path, *words: str, project: Path = ROOT, ok: bool | None = True, typed: bool | None = None, **extra: str
) -> dict[str, Any]:
    """Run one command with --json; its object. `ok` says whether it should exit 0; None: whoever asks will see.

    What is `typed` starts as a person starts it, the rest warm; where it is not said, a project with code of its own.
    """
    has_code = project != ROOT and (project / "fairlead.py").is_file()
    words, own = (*words, "--json"), environment(home, project, **extra)
    if has_code if typed is None else typed:
        command = [sys.executable, "-m", "fairlead", *words]
        done = subprocess.run(command, capture_output=True, text=True, env=own, cwd=project, timeout=600)
    else:
        done = warm.run("fairlead", list(words), own, project)
    lines = done.stdout.splitlines()
    assert len(lines) == 1, f"{words}: expected one JSON object, got {done.stdout[:2000]!r} {done.stderr[-3000:]!r}"
    answer: dict[str, Any] = json.loads(lines[0])
    assert ok is None or (done.returncode == 0) is ok, (
        f"{words}: exit {done.returncode}: {json.dumps(answer)[:3000]} {done.stderr[-2000:]}"
    )
    return answer
