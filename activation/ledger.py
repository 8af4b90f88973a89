"""What was delivered: the tables of schema `activation` and the only statements that write them.

`sending` holds the rows of batches that are out and not yet answered: found at the start of a run, they are in doubt.
`delivered` has one row for each (sync, person); what keeps it so is the sync's lock (one push at a time) and that rows are
inserted only where none stands. `delivered_hash` is what the channel has: NULL nothing of ours, '?' something unknown.
"""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

from activation.channel import InDoubt
from activation.payload import KEEP, UNKNOWN
from activation.sync import Sync
from core.warehouse import Warehouse

TABLES = {
    "syncs": "sync text, segment text, channel text, contact_channel text, purpose text, holdout_below text,"
    " cap_touches bigint, cap_days bigint, enabled boolean, audience_hash text",
    "delivered": "sync text, person_id text, payload_hash text, op text, status text, attempts bigint, last_error text,"
    " idempotency_key text, run_id text, updated_at timestamp, delivered_hash text, quick_hash {quick}",
    "pending": "sync text, position bigint, person_id text, op text, ours boolean",
    "sending": "sync text, person_id text, op text, payload_hash text, idempotency_key text, run_id text",
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
            db.execute(f"create table if not exists activation.{name} ({columns.format(quick=db.row_hash_type)})")


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


def unsettled_keys(db: Warehouse, sync: str) -> list[str]:
    """Idempotency keys of the batches whose fate is unknown."""
    sql = """select idempotency_key from activation.sending where sync = $1
        union select idempotency_key from activation.delivered where sync = $1 and delivered_hash = $2"""
    return [k for k in db.query(sql, [sync, UNKNOWN])["idempotency_key"].to_pylist() if k]


def settle(db: Warehouse, sync: str, rule: InDoubt, arrived: Sequence[str], lost: Sequence[str]) -> None:
    """Decide what a run that died left behind: the channel's own knowledge first, its declared rule where it has none."""
    there = "case when op = 'remove' then null else payload_hash end"
    done = "case when op = 'remove' then 'removed' else 'delivered' end"
    for key in arrived:
        _answer_all(db, sync, done, "null", there, key)
        db.execute(
            f"""update activation.delivered set status = {done}, last_error = null, delivered_hash = {there}
            where sync = $1 and idempotency_key = $2 and delivered_hash = $3""",
            [sync, key, UNKNOWN],
        )
    for key in lost:  # an older doubt stays as it was
        _answer_all(
            db, sync, "'rejected'", "'not sent: the run was cut off before this batch went out'", f"'{KEEP}'", key
        )
    if rule == "idempotent":
        _answer_all(db, sync, "'in_doubt'", "'in doubt: sent again by the next run'", f"'{UNKNOWN}'")
    else:
        _answer_all(db, sync, "'in_doubt'", "'in doubt: taken as sent and never sent again'", there)


def _answer_all(db: Warehouse, sync: str, status: str, error: str, there: str, key: str | None = None) -> None:
    """Give one answer, in SQL, to everything under way, or to all of one batch."""
    db.execute("delete from activation.answers where sync = $1", [sync])
    db.execute(
        f"""insert into activation.answers (sync, person_id, status, error, delivered_hash)
        select sync, person_id, {status}, {error}, {there} from activation.sending
        where sync = $1{"" if key is None else " and idempotency_key = $2"}""",
        [sync] if key is None else [sync, key],
    )
    _apply_answers(db, sync)


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
    """Write down what is about to be sent. Committed before the first of its batches goes out.

    window  person_id, op, payload_hash, idempotency_key
    """
    with db.transaction():
        _refill(db, "activation.sending", sync, window.append_column("run_id", pa.repeat(run_id, len(window))))


def record(db: Warehouse, sync: str, answers: pa.Table) -> None:
    """Write what became of rows under way.

    answers  person_id, status (delivered · removed · rejected · in_doubt), error, delivered_hash, quick_hash;
             not_sent: as if it had never been claimed; delivered_hash KEEP: what the channel has is what it had.
    """
    with db.transaction():
        _refill(db, "activation.answers", sync, answers)
        _apply_answers(db, sync)


def _apply_answers(db: Warehouse, sync: str) -> None:
    """New rows are inserted and the old ones deleted, for an update would have an engine of columns rewrite whole columns.

    A person has one row a run, so that the old row is the one of another run.
    """
    db.execute(
        f"""insert into activation.delivered (sync, person_id, payload_hash, op, status, attempts, last_error,
            idempotency_key, run_id, updated_at, delivered_hash, quick_hash)
        select s.sync, s.person_id, s.payload_hash, s.op, a.status,
            case when d.person_id is null or d.status in ('delivered', 'removed') then 1 else d.attempts + 1 end, a.error,
            s.idempotency_key, s.run_id, $2,
            case when a.delivered_hash = '{KEEP}' then d.delivered_hash else a.delivered_hash end, a.quick_hash
        from activation.sending as s
        inner join activation.answers as a on a.sync = s.sync and a.person_id = s.person_id
        left join activation.delivered as d on d.sync = s.sync and d.person_id = s.person_id
        where s.sync = $1 and a.status <> 'not_sent'""",
        [sync, now()],
    )
    db.execute(
        """delete from activation.delivered where sync = $1
        and person_id in (select person_id from activation.answers where sync = $1 and status <> 'not_sent')
        and run_id not in (select run_id from activation.sending where sync = $1)""",
        [sync],
    )
    db.execute(
        """delete from activation.sending where sync = $1
        and person_id in (select person_id from activation.answers where sync = $1)""",
        [sync],
    )
    db.execute("delete from activation.answers where sync = $1", [sync])


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
