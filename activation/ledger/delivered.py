"""What is out and not yet answered, and what the channel has: the statements that write the rows of a push.

What keeps one row for each (sync, record_key) in `delivered` is the sync's lock (one push at a time) and that a new
row replaces the old one in one transaction. `delivered_hash` is what the channel has: NULL nothing of ours, UNKNOWN
something. `claims` and `sending` say what is out: found at the start of a run, `settle.py` decides about it.
"""

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa

from activation.delivery.payload import EXITED, PART, UNKNOWN
from activation.ledger import addresses_in_doubt
from activation.ledger.tables import append
from core.clock import now
from core.warehouse import Warehouse

# The ranges of `pending` that are out: not yet answered, or accepted and not yet taken in by the ledger (accepted.py).
OUT = " union all ".join(
    f"select sync, first_position, last_position from activation.{table}" for table in ("claims", "accepted")
)
PENDING = "select record_key, op, ours, reason from activation.pending where sync = $1"


def claim(db: Warehouse, sync: str, run_id: str, claims: pa.Table) -> None:
    """Write down which positions are about to be sent under which key, before the first of them goes out.

    claims   idempotency_key, first_position, last_position
    """
    append(db, "activation.claims", sync, run_id, claims)


def keep_rows(db: Warehouse, sync: str, run_id: str, rows: pa.Table) -> None:
    """Write down rows that a restart must know one by one: of a channel that can look batches up, or a vendor's job.

    rows   idempotency_key, place, record_key, op, payload_hash, quick_hash, payload, reason, job (NULL: none)
    """
    names = [n for n in rows.column_names if n != "payload_hash"]
    with db.transaction(), db.given("incoming", rows):
        db.execute(
            "delete from activation.sending where sync = $1 and record_key in (select record_key from incoming)", [sync]
        )
        db.execute(
            f"""insert into activation.sending (sync, run_id, payload_hash, {", ".join(names)})
            select $1, $2, cast(payload_hash as uuid), {", ".join(names)} from incoming""",
            [sync, run_id],
        )


def forget_positions(db: Warehouse, sync: str, positions: pa.Array) -> None:
    """Take changes off the list that turned out not to be any, so that a restart does not take them for sent."""
    if len(positions):
        with db.given("skipped", pa.table({"position": positions})):
            db.execute(
                "delete from activation.pending where sync = $1 and position in (select position from skipped)", [sync]
            )


COLUMNS = (
    "sync, record_key, payload_hash, op, status, attempts, last_error, idempotency_key, run_id, updated_at,"
    " delivered_hash,"
    " quick_hash, remote_id, payload"
)
# Of records that stand in the ledger already; `addresses_in_doubt` has learnt of the addresses before.
# Nobody is settled before one address, the accepted one, is left.
_ROWS = f"""
    with met as (
        select a.*, coalesce(cast(a.delivered_hash as varchar), '') = '{UNKNOWN}' as in_doubt,
            d.payload as earlier, d.delivered_hash as known, d.remote_id as remote,
            case when d.record_key is null or d.status in ('delivered', 'removed')
                then 1 else d.attempts + 1 end as attempt,
            f.addresses, f.payload as in_turn
        from answers as a left join activation.delivered as d on d.sync = $1 and d.record_key = a.record_key
        left join ({addresses_in_doubt.FIRST}) as f on f.record_key = a.record_key
    ),
    counted as (
        select *, not keeps
            and (in_doubt or coalesce(addresses > 1 or op = 'remove' and addresses > 0, false)) as unsettled
        from met
    )
    select $1, record_key, cast(payload_hash as uuid), op, status, attempt, error, idempotency_key, $2, $3,
        case when keeps then known when unsettled then '{UNKNOWN}' else cast(delivered_hash as uuid) end,
        case when not unsettled then quick_hash end, coalesce(remote_id, remote),
        case when keeps then earlier when unsettled and in_turn is not null then in_turn
            when in_doubt and op = 'remove' then coalesce(earlier, payload)
            when in_doubt then coalesce(payload, earlier)
            when delivered_hash is not null then payload end
    from counted"""
# The same where nobody stands there: what is left of it when every d is NULL.
_NEW_ROWS = """
    select $1, record_key, cast(payload_hash as uuid), op, status, 1, error, idempotency_key, $2, $3,
        case when not keeps then cast(delivered_hash as uuid) end, quick_hash, remote_id,
        case when not keeps and delivered_hash is not null then payload end
    from answers as a"""


def record(db: Warehouse, sync: str, run_id: str, answers: pa.Table, keys: Sequence[str], first: bool = False) -> None:
    """Write what became of rows, and let go of the claims of their batches.

    answers  record_key, op, reason, payload_hash, status (delivered · removed · rejected · in_doubt · skipped),
             error, fields, idempotency_key, keeps (bool: the channel has what it had), delivered_hash, quick_hash,
             remote_id, payload, address, stood (the channel's key of who is or was in doubt, now and by the ledger)
    keys     the batches that are wholly answered
    first    nothing of this sync stood in the ledger when the run began, so there is nothing to join and to replace

    New rows are inserted and the old ones deleted, for an update would have an engine of columns rewrite whole columns.
    """
    with db.transaction(), db.given("answers", answers):
        doubted = not first and addresses_in_doubt.concern(db, sync, answers)
        if doubted:
            addresses_in_doubt.learn(db, sync)
        write(db, sync, run_id, "answers", first)
        if doubted:
            addresses_in_doubt.settle(db, sync)
        db.execute(
            "delete from activation.sending where sync = $1 and record_key in (select record_key from answers)", [sync]
        )
        release(db, sync, keys)


def write(db: Warehouse, sync: str, run_id: str, answers: str, first: bool, at: datetime | None = None) -> None:
    """The rows of `delivered` and of the changelog.

    answers   SQL to stand after `from` · at   when they came; None: now
    """
    at, rows = at or now(), (_NEW_ROWS if first else _ROWS).replace("from answers", f"from {answers}")
    db.execute(f"insert into activation.delivered ({COLUMNS}) {rows}", [sync, run_id, at])
    if not first:
        db.execute(
            f"""delete from activation.delivered where sync = $1 and run_id <> $2
            and record_key in (select record_key from {answers} as a)""",
            [sync, run_id],
        )
    db.execute(
        f"""insert into activation.changelog (run_id, sync, record_key, op, reason, fields, status, error, logged_at)
        select $2, $1, record_key, op, reason, fields, status, error, $3 from {answers} as a""",
        [sync, run_id, at],
    )


def release(db: Warehouse, sync: str, keys: Sequence[str]) -> None:
    """Let go of the claims of batches, and of the parts that they were cut into."""
    if keys:
        with db.given("settled", pa.table({"idempotency_key": pa.array(list(keys), pa.string())})):
            for table in ("claims where", "sending where job is null and"):
                db.execute(
                    f"""delete from activation.{table} sync = $1
                    and (idempotency_key in (select idempotency_key from settled)
                        or split_part(idempotency_key, '{PART}', 1) in (select idempotency_key from settled))""",
                    [sync],
                )


def held_count(db: Warehouse, sync: str) -> int:
    """People (of a feed, events) whom the channel has for sure: none in doubt, none who has left."""
    sql = f"""select count(*) as people from activation.delivered where sync = $1 and status = 'delivered'
        and delivered_hash not in ('{EXITED}', '{UNKNOWN}')"""
    return int(db.query(sql, [sync])["people"][0].as_py())


def delivered_count(db: Warehouse, sync: str) -> int:
    """People of ours at the channel, those in doubt and those under way included."""
    sql = f"select count(*) as people from activation.delivered where sync = $1 and delivered_hash <> '{EXITED}'"
    claimed = f"""select count(*) as people from activation.pending as p inner join ({OUT}) as c
        on c.sync = p.sync and p.position between c.first_position and c.last_position
        where p.sync = $1 and p.op = 'add' and not p.ours"""
    return sum(int(db.query(q, [sync])["people"][0].as_py()) for q in (sql, claimed))
