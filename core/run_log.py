"""One row a step in ops.runs: rows in, out, rejected, seconds, code version, outcome. A killed step stays `running`."""

import hashlib
import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.clock import now
from core.settings import Settings
from core.warehouse import connect

TABLE = """create table if not exists ops.runs (
    run_id varchar, step varchar, day date, started_at timestamp, finished_at timestamp, seconds double precision,
    rows_in bigint, rows_out bigint, rows_rejected bigint, code_version varchar, outcome varchar, error varchar, detail varchar)"""


@dataclass
class StepLog:
    """What a step says of itself while it runs; `detail` is kept as JSON."""

    run_id: str
    rows_in: int = 0
    rows_out: int = 0
    rows_rejected: int = 0
    outcome: str = "ok"
    detail: dict[str, Any] = field(default_factory=dict)


@contextmanager
def step(settings: Settings, name: str, day: date | None) -> Iterator[StepLog]:
    """Log the step around the `with` block. An exception is logged as `failed` with its text and goes on up."""
    log = StepLog(run_id=uuid.uuid4().hex)
    began, error = time.monotonic(), None
    with connect(settings, writer="ops") as db:
        db.execute(TABLE)
        db.execute(
            "insert into ops.runs (run_id, step, day, started_at, code_version, outcome) values ($1, $2, $3, $4, $5, 'running')",
            [log.run_id, name, day, now(), code_version(settings.root)],
        )
    try:
        yield log
    except BaseException as raised:
        log.outcome, error = "failed", f"{type(raised).__name__}: {str(raised)[:1000]}"
        raise
    finally:
        with connect(settings, writer="ops") as db:
            db.execute(
                "update ops.runs set finished_at = $1, seconds = $2, rows_in = $3, rows_out = $4, rows_rejected = $5,"
                " outcome = $6, error = $7, detail = $8 where run_id = $9",
                [now(), time.monotonic() - began, log.rows_in, log.rows_out, log.rows_rejected,
                 log.outcome, error, json.dumps(log.detail, default=str), log.run_id],
            )  # fmt: skip


@lru_cache
def code_version(root: Path) -> str:
    """A digest of what decides a night: our code, specs and SQL. Equal digests mean equal behaviour on equal input."""
    digest = hashlib.sha256()
    for folder in ("core", "connectors", "ml", "activation", "models", "dbt_project"):
        for path in sorted(
            p for p in (root / folder).rglob("*") if p.suffix in (".py", ".sql", ".yml") and "target" not in p.parts
        ):
            digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]
