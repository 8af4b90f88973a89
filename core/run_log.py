"""One row a step in ops.runs: rows in, out, rejected, seconds, code version, outcome. A killed step stays `running`."""

import hashlib
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from core.answers import to_json
from core.clock import now
from core.errors import RetryableError, StoppedError
from core.project.files import KINDS, folder_of
from core.project.texts import text_or_nothing
from core.settings import Settings
from core.tables import Table
from core.tables import ensure as ensure_tables
from core.unexpected import as_ours, message
from core.warehouse import connect

HURRIED_SECONDS = 2.0  # for the warehouse, where somebody asked for the end: the row then stays `running`

RUNS = Table("ops.runs", pa.schema({
    "run_id": "string", "step": "string", "day": "date32", "started_at": "timestamp[us]",
    "finished_at": "timestamp[us]", "seconds": "float64", "rows_in": "int64", "rows_out": "int64",
    "rows_rejected": "int64", "code_version": "string", "outcome": "string", "error": "string", "detail": "string",
}))  # fmt: skip
ALERTS = Table("ops.alerts", pa.schema({
    "step": "string", "day": "date32", "kind": "string", "detail": "string", "told": "string",
    "told_at": "timestamp[us]",
}))  # fmt: skip


@dataclass
class StepLog:
    """What a step says of itself while it runs; `detail` is kept as JSON."""

    run_id: str
    rows_in: int = 0
    rows_out: int = 0
    rows_rejected: int = 0
    outcome: str = "ok"
    hurried: bool = False  # somebody asked for the end: the last word must not wait for the warehouse
    detail: dict[str, Any] = field(default_factory=dict)


def ensure(settings: Settings) -> None:
    """Make the tables of ops, and bring an earlier version's up to date."""
    with connect(settings, writer="ops") as db:
        ensure_tables(db, RUNS, ALERTS)


@contextmanager
def step(settings: Settings, name: str, day: date | None, seconds_before: float = 0.0) -> Iterator[StepLog]:
    """Log the step around the `with` block. An exception is logged as `failed` with its text and goes on up.

    seconds_before  what the step has already taken, where its first part needed no warehouse
    """
    log = StepLog(run_id=uuid.uuid4().hex)
    started, error = time.monotonic() - seconds_before, None
    with connect(settings, writer="ops") as db:
        ensure_tables(db, RUNS, ALERTS)
        db.execute(
            "insert into ops.runs (run_id, step, day, started_at, code_version, outcome)"
            " values ($1, $2, $3, $4, $5, 'running')",
            [
                log.run_id,
                name,
                day,
                now() - timedelta(seconds=seconds_before),
                code_version(settings.root, folder_of(settings)),
            ],
        )
    try:
        yield log
    except BaseException as raised:
        log.outcome, error = "failed", _words(raised)[:1000]
        log.hurried = log.hurried or isinstance(raised, StoppedError)
        raise
    finally:
        _finish(settings, log, time.monotonic() - started, error)


def _words(raised: BaseException) -> str:
    """Ours as they are; those of others hold values, which may be somebody's."""
    if isinstance(raised, Exception) and as_ours(raised) is None:
        return message(raised)
    return f"{type(raised).__name__}: {raised}"


def _finish(settings: Settings, log: StepLog, seconds: float, error: str | None) -> None:
    if log.hurried:
        short = settings.warehouse.model_copy(update={"lock_wait_seconds": HURRIED_SECONDS})
        settings = settings.model_copy(update={"warehouse": short})
    try:
        with connect(settings, writer="ops") as db:
            db.execute(
                "update ops.runs set finished_at = $1, seconds = $2, rows_in = $3, rows_out = $4, rows_rejected = $5,"
                " outcome = $6, error = $7, detail = $8 where run_id = $9",
                [now(), seconds, log.rows_in, log.rows_out, log.rows_rejected,
                 log.outcome, error, to_json(log.detail), log.run_id],
            )  # fmt: skip
    except RetryableError:
        if not log.hurried:
            raise


@lru_cache
def code_version(root: Path, own: Path | None = None) -> str:
    """A digest of what decides a night: our code, specs and SQL, and those of the company's folder. Equal digests mean
    equal behaviour on equal input.
    """
    digest = hashlib.sha256()
    rooms = ("core", "content", "connectors", "people", "ml", "activation", "models", "dbt_project")
    theirs = [kind.own for kind in KINDS.values()]
    for base, folder in [*((root, room) for room in rooms), *((own, room) for room in theirs if own)]:
        for path in sorted(
            p
            for p in (base / folder).rglob("*")
            if p.suffix in (".py", ".sql", ".yml") and "target" not in p.parts and p.is_file()
        ):
            digest.update(str(path.relative_to(base)).encode() + b"\0" + text_or_nothing(path).encode())
    return digest.hexdigest()[:12]
