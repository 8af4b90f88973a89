"""What was delivered: the tables of schema `activation` and the statements that write them while a push runs.

`record_key` is by what a record is known: a person's id, or of a feed the event's. `delivered` has one row for each
(sync, record_key); what keeps it so is the sync's lock (one push at a time) and that a new row
replaces the old one in one transaction. `delivered_hash` is what the channel has: NULL nothing of ours, UNKNOWN something.
`claims` and `sending` say what is out and not yet answered: found at the start of a run, `settle.py` decides about it.
What each table and column means for a reader: docs/reference/ledger.md.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pyarrow as pa

from activation.delivery.payload import EXITED, UNKNOWN
from activation.sync import Sync
from core.clock import now
from core.tables import Table, ensure
from core.warehouse import Warehouse

HASH, QUICK_HASH = pa.uuid(), pa.uint64()  # 128 bits of what was sent; 64 by the engine, the same as long as it is
RENAMED = {"record_key": "person_id"}  # an earlier version's name, which of a feed held an event's id
TABLES = {table.name.removeprefix("activation."): table for table in (
    Table("activation.syncs", pa.schema({
        "sync": "string", "segment": "string", "channel": "string", "contact_channel": "string", "purpose": "string",
        "holdout_below": "string", "cap_touches": "int64", "cap_days": "int64", "enabled": "bool",
        "audience_hash": "string", "identifier": "string", "feed": "string", "max_age_days": "int64",
    })),
    Table("activation.delivered", pa.schema({
        "sync": "string", "record_key": "string", "payload_hash": HASH, "op": "string", "status": "string",
        "attempts": "int64", "last_error": "string", "idempotency_key": "string", "run_id": "string",
        "updated_at": "timestamp[us]", "delivered_hash": HASH, "quick_hash": QUICK_HASH, "remote_id": "string",
        "payload": "string", "tried": "string",
    }), renamed=RENAMED),
    Table("activation.changelog", pa.schema({
        "run_id": "string", "sync": "string", "record_key": "string", "op": "string", "reason": "string",
        "fields": "string", "status": "string", "error": "string", "logged_at": "timestamp[us]",
    }), renamed=RENAMED),
    Table("activation.pending", pa.schema({
        "sync": "string", "position": "int64", "record_key": "string", "op": "string", "ours": "bool",
        "reason": "string",
    }), renamed=RENAMED),
    Table("activation.claims", pa.schema({
        "sync": "string", "run_id": "string", "idempotency_key": "string", "first_position": "int64",
        "last_position": "int64",
    })),
    Table("activation.sending", pa.schema({
        "sync": "string", "run_id": "string", "idempotency_key": "string", "place": "int64", "record_key": "string",
        "op": "string", "payload_hash": HASH, "quick_hash": QUICK_HASH, "payload": "string", "reason": "string",
        "job": "string",
    }), renamed=RENAMED),
    Table("activation.calls", pa.schema({
        "run_id": "string", "sync": "string", "idempotency_key": "string", "rows": "int64", "tries": "int64",
        "seconds": "float64", "status": "string", "called_at": "timestamp[us]",
    })),
    Table("activation.runs", pa.schema({
        "run_id": "string", "sync": "string", "channel": "string", "day": "date32", "started_at": "timestamp[us]",
        "finished_at": "timestamp[us]", "outcome": "string", "attempted": "int64", "accepted": "int64",
        "rejected": "int64", "in_doubt": "int64", "skipped": "int64", "waiting": "int64", "delivered_after": "int64",
        "audience": "int64", "adds": "int64", "updates": "int64", "removes": "int64", "held_back": "string",
        "fields": "string", "error": "string", "place": "int64", "rewound_at": "timestamp[us]",
    })),
    Table("activation.builds", pa.schema({"stage": "string", "day": "date32", "began_at": "timestamp[us]"})),
    Table("activation.overrides", pa.schema({
        "run_id": "string", "sync": "string", "guard": "string", "reason": "string", "overridden_at": "timestamp[us]",
    })),
    Table("activation.cancels", pa.schema({
        "sync": "string", "reason": "string", "asked_at": "timestamp[us]", "run_id": "string",
    })),
    Table("activation.sync_files", pa.schema({
        "sync": "string", "channel": "string", "takes_back": "bool", "file": "string", "kept_at": "timestamp[us]",
    })),
    Table("activation.feedback", pa.schema({
        "run_id": "string", "sync": "string", "figure": "string", "value": "float64", "told_at": "timestamp[us]",
    })),
    Table("activation.alerts", pa.schema({
        "run_id": "string", "sync": "string", "kind": "string", "detail": "string", "told": "string",
        "told_at": "timestamp[us]",
    })),
)}  # fmt: skip
VIEWS = {
    "dead_letters": "select sync, record_key, op, attempts, last_error, run_id, updated_at from activation.delivered"
    " where status = 'rejected'",
}
PENDING = "select record_key, op, ours, reason from activation.pending where sync = $1"


def create_tables(db: Warehouse) -> None:
    """Make what is not there yet, and bring an earlier version's tables up to date: dbt builds from an empty ledger too."""
    for name in VIEWS:
        if "person_id" in db.columns(f"activation.{name}"):  # an earlier version's
            db.execute(f"drop view activation.{name}")
    ensure(db, *TABLES.values())
    for name in ("delivered", "sending"):
        _make_hashes_binary(db, name)
    for name, select in VIEWS.items():
        if not db.exists(f"activation.{name}"):
            db.execute(f"create view activation.{name} as {select}")


def is_current(db: Warehouse) -> bool:
    """Whether there is a ledger that a reader understands: one of an earlier version is so from the next build on."""
    return "record_key" in db.columns("activation.delivered")


def _make_hashes_binary(db: Warehouse, name: str) -> None:
    """An earlier version held hashes as text; they become 128 bits, and what is no hash becomes UNKNOWN."""
    types = db.columns(f"activation.{name}")
    for column in (c.name for c in TABLES[name].columns if c.type == HASH and types[c.name] != "uuid"):
        hash_or_unknown = (
            f"case when {column} ~ '^[0-9a-f-]{{32,36}}$' then {column} when {column} is not null then '{UNKNOWN}' end"
        )
        change = f"alter column {column} type uuid using cast({hash_or_unknown} as uuid)"
        db.execute(f"alter table activation.{name} {change}")


def write_syncs(
    db: Warehouse, syncs: Sequence[Sync], enabled: Sequence[bool], identifiers: Sequence[str | None]
) -> None:
    """identifiers   of each sync, the column of marts.profiles by which its channel tells people apart; None: person_id"""
    caps = [s.cap for s in syncs]
    texts = ("segment", "feed", "channel", "contact_channel", "purpose", "holdout_below", "audience_hash")
    table = pa.table(
        {
            **{k: pa.array([getattr(s, k) for s in syncs], pa.string()) for k in texts},
            "sync": pa.array([s.name for s in syncs], pa.string()),
            "cap_touches": pa.array([c.touches if c else None for c in caps], pa.int64()),
            "cap_days": pa.array([c.days if c else None for c in caps], pa.int64()),
            "max_age_days": pa.array([s.max_age_days if s.feed else None for s in syncs], pa.int64()),
            "enabled": pa.array(list(enabled), pa.bool_()),
            "identifier": pa.array(list(identifiers), pa.string()),
        }
    )
    db.load("activation.syncs", table, mode="replace")


def claim(db: Warehouse, sync: str, run_id: str, claims: pa.Table) -> None:
    """Write down which positions are about to be sent under which key, before the first of them goes out.

    claims   idempotency_key, first_position, last_position
    """
    _append(db, "activation.claims", sync, claims.append_column("run_id", pa.repeat(run_id, len(claims))))


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


COLUMNS = "sync, record_key, payload_hash, op, status, attempts, last_error, idempotency_key, run_id, updated_at, delivered_hash, quick_hash, remote_id, payload, tried"
# Of people who stand in the ledger already. `there` lists what may be there, a line an address (the address, a tab, the payload): the
# first is what a change takes as the earlier state and takes out where the address is another one. What is in doubt is added, what is
# accepted replaces the first and goes to the end; nobody is settled before one line, the accepted one, is left.
_LINE, _TAB = "chr(10)", "chr(9)"
_TORN = "(tried is not null or in_doubt and stood is not null)"
_OWN = f"address || {_TAB} || payload"


def _without(lines: str, at: str) -> str:
    """SQL: `lines`, each with a line feed before it, without the one that begins at the place `at`; 0: all of them."""
    line = f"split_part(substr({lines}, {at} + 1), {_LINE}, 1)"
    return f"case when {at} = 0 then {lines} else substr({lines}, 1, {at} - 1) || substr({lines}, {at} + 1 + length({line})) end"


_ROWS = f"""
    with met as (
        select a.*, coalesce(a.delivered_hash, '') = '{UNKNOWN}' as in_doubt, d.tried, d.payload as earlier, d.delivered_hash as known, d.remote_id as remote,
            case when d.record_key is null or d.status in ('delivered', 'removed') then 1 else d.attempts + 1 end as attempt,
            {_LINE} || case when d.tried is not null then d.tried when d.delivered_hash is not null then a.stood || {_TAB} || d.payload end as there
        from told as a left join activation.delivered as d on d.sync = $1 and d.record_key = a.record_key
    ),
    gone as (  -- the first is gone, where the channel has done what it was told
        select *, case when not {_TORN} or in_doubt then coalesce(there, '')
            when strpos(substr(there, 2), {_LINE}) = 0 then '' else substr(there, 1 + strpos(substr(there, 2), {_LINE})) end as others
        from met
    ),
    said as (  -- and what it was told is there
        select *, case when not {_TORN} then null when op = 'remove' then others
            else {_without("others", f"strpos(others, {_LINE} || address || {_TAB})")} || {_LINE} || {_OWN} end as left_there
        from gone
    ),
    counted as (
        select *, coalesce(strpos(substr(left_there, 2), {_LINE}) > 0, false) as several,
            not keeps and (in_doubt or coalesce(strpos(substr(left_there, 2), {_LINE}) > 0 or op = 'remove' and left_there <> '', false)) as unsettled
        from said
    )
    select $1, record_key, cast(payload_hash as uuid), op, status, attempt, error, idempotency_key, $2, $3,
        case when keeps then known when unsettled then '{UNKNOWN}' else cast(delivered_hash as uuid) end,
        case when not unsettled then quick_hash end, coalesce(remote_id, remote),
        case when keeps then earlier when left_there <> '' and unsettled then split_part(split_part(left_there, {_LINE}, 2), {_TAB}, 2)
            when in_doubt and op = 'remove' then coalesce(earlier, payload) when in_doubt then coalesce(payload, earlier)
            when delivered_hash is not null then payload end,
        case when keeps then tried when several then substr(left_there, 2) end
    from counted"""
# The same where nobody stands there: what is left of it when every d is NULL.
_NEW_ROWS = """
    select $1, record_key, cast(payload_hash as uuid), op, status, 1, error, idempotency_key, $2, $3,
        case when not keeps then cast(delivered_hash as uuid) end, quick_hash, remote_id,
        case when not keeps and delivered_hash is not null then payload end, null
    from told"""


def record(db: Warehouse, sync: str, run_id: str, answers: pa.Table, keys: Sequence[str], first: bool = False) -> None:
    """Write what became of rows, and let go of the claims of their batches.

    answers  record_key, op, reason, payload_hash, status (delivered · removed · rejected · in_doubt · skipped), error, fields,
             idempotency_key, keeps (bool: what the channel has is what it had), delivered_hash, quick_hash, remote_id, payload,
             address, stood (by what the channel knows the person, now and by what the ledger has; of those in doubt, and who was; else NULL)
    keys     the batches that are wholly answered
    first    nothing of this sync stood in the ledger when the run began, so there is nothing to join and to replace

    New rows are inserted and the old ones deleted, for an update would have an engine of columns rewrite whole columns.
    Of what is in doubt under more than one address `tried` keeps them all, a line each: the channel has one of them or some, and
    each must be findable. They are taken out one by one, a run each, and `payload` is the one whose turn it is.
    """
    at, rows = now(), _NEW_ROWS if first else _ROWS
    with db.transaction(), db.given("told", answers):
        db.execute(f"insert into activation.delivered ({COLUMNS}) {rows}", [sync, run_id, at])
        if not first:
            db.execute(
                """delete from activation.delivered where sync = $1 and run_id <> $2
                and record_key in (select record_key from told)""",
                [sync, run_id],
            )
        db.execute(
            """insert into activation.changelog (run_id, sync, record_key, op, reason, fields, status, error, logged_at)
            select $2, $1, record_key, op, reason, fields, status, error, $3 from told""",
            [sync, run_id, at],
        )
        db.execute(
            "delete from activation.sending where sync = $1 and record_key in (select record_key from told)", [sync]
        )
        release(db, sync, keys)


def release(db: Warehouse, sync: str, keys: Sequence[str]) -> None:
    """Let go of claims."""
    if keys:
        with db.given("settled", pa.table({"idempotency_key": pa.array(list(keys), pa.string())})):
            for table in ("claims where", "sending where job is null and"):
                db.execute(
                    f"""delete from activation.{table} sync = $1
                    and idempotency_key in (select idempotency_key from settled)""",
                    [sync],
                )


def log_calls(db: Warehouse, sync: str, run_id: str, calls: list[dict[str, Any]]) -> None:
    """calls   idempotency_key, rows, tries, seconds, status, called_at: one for each batch, whatever came of it"""
    if calls:
        _append(
            db,
            "activation.calls",
            sync,
            pa.Table.from_pylist(calls).append_column("run_id", pa.repeat(run_id, len(calls))),
        )


def keep_feedback(db: Warehouse, sync: str, run_id: str | None, figures: Mapping[str, float]) -> None:
    """What the vendor said of the audience."""
    if figures:
        rows = [{"figure": name, "value": float(value), "told_at": now()} for name, value in figures.items()]
        table = pa.Table.from_pylist(rows)
        _append(
            db,
            "activation.feedback",
            sync,
            table.append_column("run_id", pa.repeat(pa.scalar(run_id, pa.string()), len(table))),
        )


def _append(db: Warehouse, table: str, sync: str, rows: pa.Table) -> None:
    db.load(table, rows.append_column("sync", pa.repeat(pa.scalar(sync), len(rows))))


def open_run(db: Warehouse, run_id: str, sync: Sync, day: date, plan: dict[str, Any], whole: bool = True) -> None:
    """whole   False: a run of some people only, after which most of the channel still has the mapping of before"""
    names = ("audience", "adds", "updates", "removes")
    db.execute(
        """insert into activation.runs (run_id, sync, channel, day, started_at, outcome, fields, held_back, audience, adds, updates, removes, place)
        select $1, $2, $3, $4, $5, 'running', $6, $7, $8, $9, $10, $11, 1 + coalesce(max(place), 0) from activation.runs""",
        [run_id, sync.name, sync.channel, day, now(), json.dumps(dict(sorted(sync.columns.items()))) if whole else None,
         json.dumps(plan["held_back"]), *(plan[n] for n in names)],
    )  # fmt: skip


def close_run(db: Warehouse, run_id: str, sync: str, outcome: str, counts: dict[str, int], error: str | None) -> None:
    names = ("attempted", "accepted", "rejected", "in_doubt", "skipped", "waiting")
    db.execute(
        f"""update activation.runs set finished_at = $3, outcome = $4, attempted = $5, accepted = $6, rejected = $7, in_doubt = $8,
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
    """Why this run is to end; None: it is not. No clock is asked: one that goes back would let a cancel outlive its run."""
    sql = "select reason from activation.cancels where sync = $1 and (run_id = $2 or run_id is null)"
    reasons = db.query(sql, [sync, run_id])["reason"].to_pylist()
    return str(reasons[0]) if reasons else None


def forget_cancels(db: Warehouse, syncs: Sequence[str], of_runs: bool = False) -> None:
    """As a push begins: whatever was asked until now was about another. `of_runs`: those of runs, and not those without one."""
    for sync in syncs:
        db.execute(f"delete from activation.cancels where sync = $1 and run_id is {'not' * of_runs} null", [sync])


def log_override(db: Warehouse, run_id: str, sync: str, guard: str, reason: str) -> None:
    db.execute("insert into activation.overrides values ($1, $2, $3, $4, $5)", [run_id, sync, guard, reason, now()])


def history(db: Warehouse, sync: str) -> dict[str, Any]:
    """newest_day ever sent for (a run that died counts, one that was rewound does not), delivered_after and fields of the last run
    that ended; None: no run yet. The last is the one of the highest place, whatever the clock said.
    sizes   the audience at the last pushes of other days, newest first, at most ten
    """
    sql = """select delivered_after, fields, max(case when rewound_at is null then day end) over () as newest_day from activation.runs
        where sync = $1 and outcome <> 'refused'
        order by (delivered_after is null), (fields is null), coalesce(place, 0) desc, started_at desc limit 1"""
    rows = db.query(sql, [sync]).to_pylist()
    sizes = """select day, max(audience) as audience from activation.runs
        where sync = $1 and outcome in ('done', 'partial') and rewound_at is null
        group by day order by day desc limit 10"""
    newest = rows[0] if rows else {"newest_day": None, "delivered_after": None, "fields": None}
    return newest | {"sizes": {r["day"]: r["audience"] for r in db.query(sizes, [sync]).to_pylist()}}


def begin_build(db: Warehouse, stage: str, day: date) -> None:
    """A build that is under way, or was cut off: until it has ended well the audiences are of no day."""
    db.execute("delete from activation.builds where stage = $1", [stage])
    db.execute("insert into activation.builds values ($1, $2, $3)", [stage, day, now()])


def end_build(db: Warehouse, stage: str, day: date) -> None:
    """It has ended well, and with it whatever came before and is built by it as well.

    The first half of a build owes the second: until then people and consents are of one build and audiences of another.
    """
    earlier = {"build": "1 = 1", "build.after-scores": "stage not in ('build.identity', 'build.before-scores')"}
    with db.transaction():
        if stage == "build.before-scores":
            begin_build(db, "build.after-scores", day)
        db.execute(f"delete from activation.builds where stage = $1 or {earlier.get(stage, '1 = 0')}", [stage])


def held_count(db: Warehouse, sync: str) -> int:
    """People (of a feed, events) of whom it is sure that the channel has them: nobody in doubt, and nobody who has left."""
    sql = f"""select count(*) as people from activation.delivered where sync = $1 and status = 'delivered'
        and delivered_hash not in ('{EXITED}', '{UNKNOWN}')"""
    return int(db.query(sql, [sync])["people"][0].as_py())


def delivered_count(db: Warehouse, sync: str) -> int:
    """People of ours at the channel, those in doubt and those under way included."""
    sql = f"select count(*) as people from activation.delivered where sync = $1 and delivered_hash <> '{EXITED}'"
    claimed = """select count(*) as people from activation.pending as p inner join activation.claims as c
        on c.sync = p.sync and p.position between c.first_position and c.last_position
        where p.sync = $1 and p.op = 'add' and not p.ours"""
    return sum(int(db.query(q, [sync])["people"][0].as_py()) for q in (sql, claimed))
