"""What was delivered: the tables of schema `activation` and the only statements that write them.

`delivered` has one row for each (sync, person); what keeps it so is the sync's lock (one push at a time) and that rows are
inserted only where none stands. `delivered_hash` is what the channel has: NULL nothing of ours, '?' something unknown.
"""

import fcntl
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

from activation.channel import InDoubt
from activation.payload import UNKNOWN, quick_type
from activation.sync import Sync
from core.errors import RetryableError
from core.settings import Settings
from core.warehouse import Warehouse

TABLES = {
    "syncs": "sync text, segment text, channel text, contact_channel text, purpose text, holdout_below text,"
    " cap_touches bigint, cap_days bigint, enabled boolean, audience_hash text",
    "delivered": "sync text, person_id text, payload_hash text, op text, status text, attempts bigint, last_error text,"
    " idempotency_key text, run_id text, updated_at timestamp, delivered_hash text, quick_hash {quick}",
    "pending": "sync text, position bigint, person_id text, op text, ours boolean",
    "claimed": "sync text, person_id text, op text, payload_hash text, quick_hash {quick}, idempotency_key text",
    "answers": "sync text, person_id text, status text, error text, delivered_hash text, quick_hash {quick}",
    "runs": "run_id text, sync text, channel text, day date, started_at timestamp, finished_at timestamp, outcome text,"
    " attempted bigint, accepted bigint, rejected bigint, in_doubt bigint, skipped bigint, delivered_after bigint,"
    " fields text, error text",
    "overrides": "run_id text, sync text, guard text, reason text, overridden_at timestamp",
}


def create_tables(db: Warehouse) -> None:
    """Make what is not there yet: dbt builds from an empty ledger as from a full one."""
    found = db.query("select table_name from information_schema.tables where table_schema = 'activation'")[
        "table_name"
    ].to_pylist()
    for name, columns in TABLES.items():
        if name not in found:
            db.execute(
                f"create table if not exists activation.{name} ({columns.format(quick=quick_type(db.engine_name))})"
            )


def write_syncs(db: Warehouse, syncs: Sequence[Sync], enabled: Sequence[bool]) -> None:
    caps = [s.cap for s in syncs]
    table = pa.table(
        {
            **{
                k: pa.array([getattr(s, k) for s in syncs], pa.string())
                for k in ("segment", "channel", "contact_channel", "purpose")
            },
            **{k: pa.array([getattr(s, k) for s in syncs], pa.string()) for k in ("holdout_below", "audience_hash")},
            "sync": pa.array([s.name for s in syncs], pa.string()),
            "cap_touches": pa.array([c.touches if c else None for c in caps], pa.int64()),
            "cap_days": pa.array([c.days if c else None for c in caps], pa.int64()),
            "enabled": pa.array(list(enabled), pa.bool_()),
        }
    )
    db.load("activation.syncs", table, mode="replace")


@contextmanager
def only_push_of(settings: Settings, sync: str) -> Iterator[None]:
    """One push of a sync at a time; the system lets go of the lock however we die.

    Raises RetryableError when another process is at it: its `sending` rows are under way and not in doubt.
    """
    folder = settings.home / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"push.{sync}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise RetryableError(
                f"{sync}: another push of this sync is under way. Wait for it, then push again."
            ) from None
        yield


def unsettled_keys(db: Warehouse, sync: str) -> list[str]:
    """Idempotency keys of the batches whose fate is unknown."""
    sql = """select distinct idempotency_key from activation.delivered
        where sync = $1 and (status = 'sending' or delivered_hash = $2) and idempotency_key is not null"""
    return [k for k in db.query(sql, [sync, UNKNOWN])["idempotency_key"].to_pylist() if k]


def settle(db: Warehouse, sync: str, rule: InDoubt, arrived: Sequence[str], lost: Sequence[str]) -> None:
    """Decide what a run that died left behind: the channel's own knowledge first, its declared rule where it has none."""
    there = "case when op = 'remove' then null else payload_hash end"
    for keys, landed in ((arrived, True), (lost, False)):
        for key in keys:
            done = f"status = case when op = 'remove' then 'removed' else 'delivered' end, last_error = null, delivered_hash = {there}"
            again = "status = 'rejected', last_error = 'not sent: the run was cut off before this batch went out'"
            unsettled = "sync = $1 and idempotency_key = $2 and (status = 'sending'"
            # a batch that never arrived leaves an older doubt as it was
            db.execute(
                f"update activation.delivered set {done if landed else again} where {unsettled}{' or delivered_hash = $3' if landed else ''})",
                [sync, key, UNKNOWN] if landed else [sync, key],
            )
    left = UNKNOWN if rule == "idempotent" else None
    note = (
        "in doubt: sent again by the next run"
        if rule == "idempotent"
        else "in doubt: taken as sent and never sent again"
    )
    db.execute(
        f"""update activation.delivered set status = 'in_doubt', last_error = $2, delivered_hash = {"$3" if left else there}
        where sync = $1 and status = 'sending'""",
        [sync, note, left] if left else [sync, note],
    )


PENDING = "select person_id, op, ours from activation.pending where sync = $1"


def keep_pending(db: Warehouse, sync: str, changes: str) -> None:
    """The changes of this run in the order of their going out: removals first, so that a push cut short errs on the quiet side."""
    db.execute("delete from activation.pending where sync = $1", [sync])
    db.execute(
        f"""insert into activation.pending (sync, position, person_id, op, ours)
        select $1, row_number() over (order by case when op = 'remove' then 0 else 1 end, person_id), person_id, op, ours
        from ({changes}) as c""",
        [sync],
    )


def claim(db: Warehouse, sync: str, run_id: str, window: pa.Table) -> None:
    """Write `sending` for all rows of a window. Committed before the first of its batches goes out.

    window  person_id, op, payload_hash, quick_hash, idempotency_key
    """
    with db.transaction():
        _refill(db, "activation.claimed", sync, window)
        db.execute(
            """update activation.delivered as d set op = c.op, status = 'sending', payload_hash = c.payload_hash,
                attempts = case when d.status in ('delivered', 'removed') then 1 else d.attempts + 1 end, last_error = null,
                idempotency_key = c.idempotency_key, run_id = $2, updated_at = $3, quick_hash = null
            from activation.claimed as c where d.sync = $1 and c.sync = $1 and d.person_id = c.person_id""",
            [sync, run_id, now()],
        )
        db.execute(
            """insert into activation.delivered (sync, person_id, payload_hash, op, status, attempts, idempotency_key, run_id, updated_at)
            select c.sync, c.person_id, c.payload_hash, c.op, 'sending', 1, c.idempotency_key, $2, $3 from activation.claimed as c
            where c.sync = $1 and not exists
                (select 1 from activation.delivered as d where d.sync = $1 and d.person_id = c.person_id)""",
            [sync, run_id, now()],
        )


def record(db: Warehouse, sync: str, answers: pa.Table) -> None:
    """Write what became of claimed rows.

    answers  person_id, status (delivered · removed · rejected · in_doubt), error, delivered_hash, quick_hash;
             or not_sent: as if it had never been claimed; delivered_hash '' leaves it as it was.
    """
    with db.transaction():
        _refill(db, "activation.answers", sync, answers)
        db.execute(
            """update activation.delivered as d set last_error = a.error, quick_hash = a.quick_hash, updated_at = $2,
                status = case when a.status <> 'not_sent' then a.status when d.delivered_hash is null then 'removed'
                    when d.delivered_hash = '?' then 'in_doubt' else 'delivered' end,
                delivered_hash = case when a.delivered_hash = '' then d.delivered_hash else a.delivered_hash end
            from activation.answers as a where d.sync = $1 and a.sync = $1 and d.person_id = a.person_id""",
            [sync, now()],
        )
        db.execute("delete from activation.answers where sync = $1", [sync])
        db.execute("delete from activation.claimed where sync = $1", [sync])


def _refill(db: Warehouse, table: str, sync: str, rows: pa.Table) -> None:
    db.execute(f"delete from {table} where sync = $1", [sync])
    db.load(table, rows.append_column("sync", pa.repeat(pa.scalar(sync), len(rows))))


def open_run(db: Warehouse, run_id: str, sync: Sync, day: date) -> None:
    db.execute(
        "insert into activation.runs (run_id, sync, channel, day, started_at, outcome, fields) values ($1, $2, $3, $4, $5, $6, $7)",
        [run_id, sync.name, sync.channel, day, now(), "running", json.dumps(dict(sorted(sync.fields.items())))],
    )


def close_run(db: Warehouse, run_id: str, sync: str, outcome: str, counts: dict[str, int], error: str | None) -> None:
    names = ("attempted", "accepted", "rejected", "in_doubt", "skipped")
    db.execute(
        """update activation.runs set finished_at = $3, outcome = $4, attempted = $5, accepted = $6, rejected = $7, in_doubt = $8,
            skipped = $9, error = nullif($10, ''), delivered_after =
            (select count(*) from activation.delivered where sync = $2 and delivered_hash is not null)
        where run_id = $1 and sync = $2""",
        [run_id, sync, now(), outcome, *(counts.get(n, 0) for n in names), error or ""],
    )


def log_override(db: Warehouse, run_id: str, sync: str, guard: str, reason: str) -> None:
    db.execute("insert into activation.overrides values ($1, $2, $3, $4, $5)", [run_id, sync, guard, reason, now()])


def history(db: Warehouse, sync: str) -> dict[str, Any]:
    """newest_day ever sent for (a run that died counts), delivered_after and fields of the last run that ended; None: no run yet."""
    sql = """select day, delivered_after, fields, max(day) over () as newest_day from activation.runs
        where sync = $1 and outcome <> 'refused' order by (delivered_after is null), started_at desc limit 1"""
    rows = db.query(sql, [sync]).to_pylist()
    return rows[0] if rows else {"newest_day": None, "delivered_after": None, "fields": None}


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def delivered_count(db: Warehouse, sync: str) -> int:
    """People of ours at the channel, those in doubt included."""
    sql = """select count(*) as people from activation.delivered
        where sync = $1 and (delivered_hash is not null or (status = 'sending' and op <> 'remove'))"""
    return int(db.query(sql, [sync])["people"][0].as_py())
