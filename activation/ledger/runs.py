"""A push as a whole: begun, ended, cancelled, its guards passed, its calls counted; and earlier ones."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pyarrow as pa

from activation.delivery.payload import EXITED
from activation.ledger.tables import append
from activation.sync import Sync
from core.clock import now
from core.warehouse import Warehouse


def open_run(db: Warehouse, run_id: str, sync: Sync, day: date, plan: dict[str, Any], whole: bool = True) -> None:
    """whole   False: a run of some people only, after which most of the channel still has the mapping of before"""
    names = ("audience", "adds", "updates", "removes")
    db.execute(
        """insert into activation.runs (run_id, sync, channel, day, started_at, outcome, fields, held_back, audience,
            adds, updates, removes, place)
        select $1, $2, $3, $4, $5, 'running', $6, $7, $8, $9, $10, $11, 1 + coalesce(max(place), 0)
        from activation.runs""",
        [run_id, sync.name, sync.channel, day, now(), json.dumps(dict(sorted(sync.columns.items()))) if whole else None,
         json.dumps(plan["held_back"]), *(plan[n] for n in names)],
    )  # fmt: skip


def close_run(db: Warehouse, run_id: str, sync: str, outcome: str, counts: dict[str, int], error: str | None) -> None:
    names = ("attempted", "accepted", "rejected", "in_doubt", "skipped", "waiting")
    db.execute(
        f"""update activation.runs set finished_at = $3, outcome = $4,
            attempted = $5, accepted = $6, rejected = $7, in_doubt = $8,
            skipped = $9, waiting = $10, error = nullif($11, ''), delivered_after =
            (select count(*) from activation.delivered where sync = $2 and delivered_hash <> '{EXITED}')
        where run_id = $1 and sync = $2""",
        [run_id, sync, now(), outcome, *(counts.get(n, 0) for n in names), error or ""],
    )
    db.execute("delete from activation.cancels where run_id = $1", [run_id])


def ask_to_cancel(db: Warehouse, sync: str, reason: str) -> None:
    """Of each run under way, and of the one that has begun and not yet opened its run: that is asked without a run."""
    for run in (None, *running(db, sync)):
        db.execute("insert into activation.cancels values ($1, $2, $3, $4)", [sync, reason, now(), run])


def running(db: Warehouse, sync: str) -> list[str]:
    """Runs that have not closed; those of killed pushes among them."""
    sql = "select run_id from activation.runs where sync = $1 and outcome = 'running' order by place"
    return [str(run) for run in db.query(sql, [sync])["run_id"].to_pylist()]


def cancelled(db: Warehouse, sync: str, run_id: str) -> str | None:
    """Why this run is to end; None: it is not. No clock is asked: a cancel must not outlive its run."""
    sql = "select reason from activation.cancels where sync = $1 and (run_id = $2 or run_id is null)"
    reasons = db.query(sql, [sync, run_id])["reason"].to_pylist()
    return str(reasons[0]) if reasons else None


def forget_cancels(db: Warehouse, syncs: Sequence[str], of_runs: bool = False) -> None:
    """As a push begins: what was asked until now was about another. `of_runs`: those of runs, else the others."""
    for sync in syncs:
        db.execute(f"delete from activation.cancels where sync = $1 and run_id is {'not' * of_runs} null", [sync])


def log_override(db: Warehouse, run_id: str, sync: str, guard: str, reason: str) -> None:
    db.execute("insert into activation.overrides values ($1, $2, $3, $4, $5)", [run_id, sync, guard, reason, now()])


def history(db: Warehouse, sync: str) -> dict[str, Any]:
    """newest_day ever sent for (a run that died counts, one that was rewound does not), delivered_after and fields of
    the last run that ended; None: no run yet. The last is the one of the highest place, whatever the clock said.
    sizes   the audience at the last pushes of other days, newest first, at most ten
    """
    sql = """select delivered_after, fields, max(case when rewound_at is null then day end) over () as newest_day
        from activation.runs
        where sync = $1 and outcome <> 'refused'
        order by (delivered_after is null), (fields is null), coalesce(place, 0) desc, started_at desc limit 1"""
    rows = db.query(sql, [sync]).to_pylist()
    sizes = """select day, max(audience) as audience from activation.runs
        where sync = $1 and outcome in ('done', 'partial') and rewound_at is null
        group by day order by day desc limit 10"""
    newest = rows[0] if rows else {"newest_day": None, "delivered_after": None, "fields": None}
    return newest | {"sizes": {r["day"]: r["audience"] for r in db.query(sizes, [sync]).to_pylist()}}


def log_calls(db: Warehouse, sync: str, run_id: str, calls: list[dict[str, Any]]) -> None:
    """calls   idempotency_key, rows, tries, seconds, status, called_at: one for each batch, whatever came of it"""
    if calls:
        append(db, "activation.calls", sync, run_id, pa.Table.from_pylist(calls))


def keep_feedback(db: Warehouse, sync: str, run_id: str | None, figures: Mapping[str, float]) -> None:
    """What the vendor said of the audience."""
    if figures:
        rows = [{"figure": name, "value": float(value), "told_at": now()} for name, value in figures.items()]
        append(db, "activation.feedback", sync, run_id, pa.Table.from_pylist(rows))
