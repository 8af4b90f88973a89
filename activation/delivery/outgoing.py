"""What goes out in this run, as it goes out: one table a sync, made when the run begins and dropped when it ends.

People and their payloads are joined and hashed once, so that a window costs what a window costs, however many people
there are. Hashes are taken from the very rows that go out, so that the ledger never says more than the channel was
told.
"""

import hashlib
from contextlib import suppress

import pyarrow as pa

from activation.delivery.payload import payload_hash, quick_hash
from activation.delivery.withdrawn import withdrawn_people
from activation.ledger import accepted
from activation.ledger.addresses_in_doubt import several
from activation.sync import Sync
from core.errors import RetryableError
from core.settings import Settings
from core.tables import unpacked
from core.warehouse import Warehouse, hold

# A push cut short errs on the quiet side. Who was never there comes last: what the engine writes is one run of rows.
IN_TURN = (
    "q.op = 'remove'", "q.op = 'exit'", "q.op = 'update'", "q.op = 'add' and q.ours", "q.op = 'add' and not q.ours"
)  # fmt: skip
OTHERS = f"select q.position from activation.pending as q where q.sync = $1 and not ({IN_TURN[-1]})"


def keep_pending(db: Warehouse, sync: str, changes: str, additions: bool = False) -> None:
    """The changes of this run in the order of their going out: one op after the other, numbered as they come, for a
    sort would hold them all in memory once more.

    changes     SELECT record_key, op, ours, reason with $1 = the sync's name
    additions   there is nothing else among them, of people who were never there
    """
    db.execute("delete from activation.pending where sync = $1", [sync])
    with unpacked(db):
        if additions:
            return _number(db, sync, f"({changes})", "1 = 1")
        db.drop_temporary("listed")
        db.execute("create temporary table listed (record_key text, op text, ours boolean, reason text)")
        db.execute(f"insert into listed select record_key, op, ours, reason from ({changes}) as c", [sync])
        for rows in IN_TURN:
            _number(db, sync, "listed", rows)
        db.drop_temporary("listed")


def _number(db: Warehouse, sync: str, changes: str, rows: str) -> None:
    db.execute(
        f"""insert into activation.pending (sync, position, record_key, op, ours, reason)
        select $1, row_number() over () + (select count(*) from activation.pending where sync = $1),
            record_key, op, ours, reason
        from {changes} as q where {rows}""",
        [sync],
    )


def keep(db: Warehouse, sync: Sync, payload: str | None = None) -> int:
    """The rows of activation.pending with what is said: fields as f0, f1, … in the sync's order, and hashes.

    Gives how many of them come before those that the engine has written: all where it writes none.

    payload   SQL by which the engine writes the fields of `p` as JSON: who was never there has it instead of them
    """
    if payload and not len(db.query(f"select 1 as one from ({OTHERS}) as q limit 1", [sync.name])):
        _keep_written(db, sync, payload)
        return 0
    written = f"({IN_TURN[-1]})" if payload else "1 = 0"
    fields = "".join(
        f", case when not {written} then p.{column} end as f{i}" if payload else f", p.{column} as f{i}"
        for i, column in enumerate(sync.columns.values())
    )
    drop(db, sync.name)
    with unpacked(db):
        db.execute(
            f"""create table {table(sync.name)} as
        with queued as (
            select *,
                case when ours then record_key end as known_as  -- in the join itself it would make a loop of the join
            from activation.pending where sync = '{sync.name}'
        ),
        known as (  -- few of a large ledger: the engine would hash all of it, payloads and all, to join it with them
            select record_key, payload, remote_id from activation.delivered
            where sync = '{sync.name}' and record_key in (select known_as from queued where ours)
        )
        select q.position, q.record_key, q.ours, q.reason,
            case when q.op in ('add', 'update') and p.{sync.key} is null then 'skip' else q.op end as op,
            {payload_hash(sync.columns, sync.mapping_hash, "p")} as payload_hash,
            {quick_hash(db, sync.columns, sync.mapping_hash, "p")} as quick_hash{fields},
            case when {written} then {payload or "cast(null as varchar)"} end as payload,
            d.payload as before, d.remote_id, {several("q.record_key", f"'{sync.name}'")} as torn
        from queued as q
        left join {sync.records} as p on p.{sync.key} = q.record_key
        left join known as d on d.record_key = q.known_as"""
        )
    before = f"select count(*) as rows from {table(sync.name)} where payload is null"
    return int(db.query(before)["rows"][0].as_py())


def _keep_written(db: Warehouse, sync: Sync, payload: str) -> None:
    """The same where the engine writes all of them: no columns of fields, and nothing of an earlier delivery."""
    drop(db, sync.name)
    with unpacked(db):
        db.execute(
            f"""create table {table(sync.name)} as
        select q.position, q.record_key, q.reason, case when p.{sync.key} is null then 'skip' else q.op end as op,
            {payload_hash(sync.columns, sync.mapping_hash, "p")} as payload_hash,
            {quick_hash(db, sync.columns, sync.mapping_hash, "p")} as quick_hash, {payload} as payload
        from activation.pending as q left join {sync.records} as p on p.{sync.key} = q.record_key
        where q.sync = '{sync.name}'"""
        )


def drop(db: Warehouse, sync: str) -> None:
    """With what of it was accepted in the ledger."""
    accepted.fold(db, sync, table(sync))
    db.execute(f"drop table if exists {table(sync)}")


def close(db: Warehouse, sync: str) -> None:
    """As a run ends: nothing of its lists is needed any more, but for who is out and not answered."""
    drop(db, sync)
    db.execute(
        "delete from activation.pending where sync = $1 and sync not in (select sync from activation.claims)", [sync]
    )


def forget(db: Warehouse, sync: str, positions: pa.ChunkedArray) -> None:
    """Drop rows that turned out not to go."""
    if len(positions):
        with db.given("skipped", pa.table({"position": positions})):
            db.execute(f"delete from {table(sync)} where position in (select position from skipped)")


def sweep(settings: Settings, db: Warehouse) -> None:
    """Drop what killed pushes have left, also of syncs that are off or gone; pushes under way keep their tables."""
    table_names = db.query("select table_name from information_schema.tables where table_schema = 'activation'")
    tables = {f"activation.{name}" for name in table_names["table_name"].to_pylist() if name.startswith("outgoing_")}
    names = db.query("select distinct sync from activation.runs")["sync"].to_pylist() if tables else []
    for name in (n for n in names if table(n) in tables):
        with suppress(RetryableError), hold(settings, f"push.{name}"):
            drop(db, name)


def window(sync: Sync, takes_back: bool, noes: tuple[str, str]) -> str:
    """SELECT the outgoing rows of positions ($2, $3] in order, without who has withdrawn or is gone; $1: the sync.
    noes   as withdrawn.noes gives them

    position, record_key, op (or `skip`), ours, reason, payload_hash (text), quick_hash, the fields as f0, f1, …, and
    what the ledger knows of an earlier delivery: before (JSON), remote_id, torn (it is in doubt under which of
    several addresses).
    """
    withdrew = "'skip'" if sync.mode == "append" or not takes_back else "case when q.ours then 'remove' else 'skip' end"
    fields = "".join(f", q.f{i}" for i in range(len(sync.columns)))
    return f"""
    with withdrawn as ({withdrawn_since(sync, noes)})
    select q.position, q.record_key, case when w.record_key is not null then {withdrew}
            when q.op in ('add', 'update') and p.{sync.key} is null then 'skip' else q.op end as op, q.ours, q.reason,
        cast(q.payload_hash as varchar) as payload_hash, q.quick_hash{fields}, q.before, q.remote_id, q.torn
    from {table(sync.name)} as q
    left join withdrawn as w on w.record_key = q.record_key
    left join (select p.{sync.key} from {sync.tables[0]} as p) as p on p.{sync.key} = q.record_key
    where '{sync.name}' = $1 and q.position > $2 and q.position <= $3 order by q.position"""


def withdrawn_since(sync: Sync, noes: tuple[str, str]) -> str:
    """SELECT record_key of who has withdrawn by now, of positions ($2, $3]: of nobody else are the addresses read, or
    a push would grow with the square of the audience; $1: the sync."""
    among = f"select q.record_key from {table(sync.name)} as q where q.position > $2 and q.position <= $3"
    return withdrawn_people(sync, *noes, among=among)


def table(sync: str) -> str:
    """Its name. Syncs pushed at the same time have tables of their own; PostgreSQL cuts a name that is too long."""
    return f"activation.outgoing_{hashlib.sha256(sync.encode()).hexdigest()[:16]}"
