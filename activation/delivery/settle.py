"""What a dead run, or a vendor's long job, has left under way: asked, decided, written before anything new.

The channel's own knowledge comes first (its job's outcome, whether a batch arrived), then the journal of a message
channel, then the channel's declared rule: idempotent means sent again, message means taken as sent.
"""

import logging
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from activation.channel import ACCEPTED, IN_DOUBT, BatchRejected, Channel, LooksUp, NotThere, Results, TakesJobs
from activation.delivery import answers, outgoing
from activation.delivery.answers import WHOLE, Memory
from activation.delivery.batches import whole_and_parts
from activation.delivery.journal import Journal
from activation.delivery.payload import EXITED, UNKNOWN
from activation.delivery.results import NOT_SENT, WAITING, Delivery, as_delivery, conforming, numbered
from activation.delivery.send import LONGEST_QUESTION_SECONDS, NOT_DONE, ask
from activation.ledger import accepted, delivered
from activation.ledger.addresses_in_doubt import several
from activation.vendor import patience
from activation.vendor.patience import Patience, Stopped
from core.clock import now
from core.errors import FairleadError
from core.warehouse import Warehouse

Open = Callable[[], AbstractContextManager[Warehouse]]
SENDING = f"""select s.record_key, s.op, s.reason, cast(s.payload_hash as varchar) as payload_hash,
        s.quick_hash, s.payload, s.idempotency_key,
        s.job, s.run_id, d.payload as before, {several("s.record_key")} as torn
    from activation.sending as s left join activation.delivered as d on d.sync = s.sync and d.record_key = s.record_key
    where s.sync = $1 order by s.idempotency_key, s.place"""
LONGEST_JOB = timedelta(days=2)  # vendors end theirs within a day; who withdraws meanwhile must not wait for ever
# Nor is the clock alone believed, which may have leapt: pushes of two more days have begun since.
ENDLESS_RUNS = """select r.run_id from activation.runs as r
    where r.sync = $1 and r.started_at < $2 and 2 <= (
        select count(distinct cast(l.started_at as date)) from activation.runs as l
        where l.place > coalesce(r.place, 0) and cast(l.started_at as date) > cast(r.started_at as date))"""
ENDLESS = "FL309 the vendor's job has not ended in two days"
AGAIN, TAKEN = "FL302 in doubt: sent again by the next run", "FL303 in doubt: taken as sent and never sent again"
log = logging.getLogger("fairlead.activation")


@dataclass
class Leftovers:
    """What is under way: the rows of each batch, and what is known of them without asking the channel."""

    batches: list[pa.Table] = field(default_factory=list)  # each of one idempotency_key and one job (NULL: none)
    deliveries: dict[str, Delivery] = field(default_factory=dict)  # by the journal
    doubted: dict[str, bool | None] = field(default_factory=dict)  # batches of earlier runs whose rows are in doubt
    endless: set[str] = field(default_factory=set)  # run_id of pushes so long ago that their jobs are given up


def settle(
    opened: Open, sync: str, channel: Channel, journal: Journal, memory: Memory = WHOLE,
    stopped: Callable[[], str] = lambda: ""
) -> dict[str, int]:  # fmt: skip
    """Rows by their fate (delivered, removed, rejected, in_doubt, waiting); while asking, the warehouse is closed.

    Raises Stopped where an end is wanted meanwhile, and then has written nothing: the next run asks again.
    """
    with opened() as db:
        leftovers = _leftovers(db, sync, channel, journal)
        asks_nothing = not leftovers.batches and not leftovers.doubted
        if asks_nothing:  # as most nights: one turn in the warehouse is enough
            counts = _write(db, sync, channel, leftovers, [], memory)
    if asks_nothing:
        journal.finish()
        return counts
    with patience.under(Patience(stopped)):
        deliveries = [
            leftovers.deliveries.get(_key(rows)) or _given_up(_ask(channel, rows), rows, leftovers.endless)
            for rows in leftovers.batches
        ]
        leftovers.doubted = {key: _arrived(channel, key) for key in leftovers.doubted}
    with opened() as db:
        counts = _write(db, sync, channel, leftovers, deliveries, memory)
    journal.finish()
    return counts


def _leftovers(db: Warehouse, sync: str, channel: Channel, journal: Journal) -> Leftovers:
    accepted.fold(db, sync, outgoing.table(sync))
    leftovers = Leftovers()
    sending = db.query(SENDING, [sync])
    claimed = db.query(
        """select q.position, q.record_key, q.op, q.reason,
            min(c.idempotency_key) as idempotency_key, min(c.run_id) as run_id
        from activation.claims as c inner join activation.pending as q
            on q.sync = c.sync and q.position between c.first_position and c.last_position
        where c.sync = $1 and q.record_key not in (select record_key from activation.sending where sync = $1)
        group by q.position, q.record_key, q.op, q.reason order by q.position""",
        [sync],
    )
    bare = {name: pa.nulls(len(claimed), pa.string()) for name in ("payload_hash", "payload", "job", "before")}
    for name, column in bare.items():
        claimed = claimed.append_column(name, column)
    claimed = claimed.append_column("quick_hash", pa.nulls(len(claimed), sending.schema.field("quick_hash").type))
    claimed = claimed.append_column("torn", pa.repeat(False, len(claimed)))
    claims = _by_batch(claimed.select(sending.column_names))
    leftovers.batches = _by_batch(sending) + claims
    if channel.in_doubt == "message":
        leftovers.deliveries = _by_journal(journal, claims)
    doubted = f"""select distinct idempotency_key from activation.delivered
        where sync = $1 and delivered_hash = '{UNKNOWN}'
        and status = '{IN_DOUBT}' and idempotency_key is not null"""
    leftovers.doubted = dict.fromkeys(db.query(doubted, [sync])["idempotency_key"].to_pylist())
    leftovers.endless = set(db.query(ENDLESS_RUNS, [sync, now() - LONGEST_JOB])["run_id"].to_pylist())
    return leftovers


def _by_batch(rows: pa.Table) -> list[pa.Table]:
    """The parts of a batch that was cut have keys of their own, and of a channel that takes jobs a job each."""
    ids = pc.binary_join_element_wise(rows["idempotency_key"], pc.fill_null(rows["job"].cast(pa.string()), ""), "\0")
    return [rows.filter(pc.equal(ids, one)) for one in ids.unique().to_pylist()]


def _key(rows: pa.Table) -> str:
    return str(rows["idempotency_key"][0].as_py())


def _by_journal(journal: Journal, claimed: list[pa.Table]) -> dict[str, Delivery]:
    """What the journal knows of claimed batches: never begun, or ended with a status for each row."""
    pages = journal.read()
    deliveries: dict[str, Delivery] = {}
    for rows in claimed:
        key = _key(rows)
        entry = pages.ended.get(key)
        if entry is not None and len(entry["statuses"]) == len(rows):
            deliveries[key] = as_delivery(
                Results(pa.array(entry["statuses"], pa.string()), pa.array(entry["errors"], pa.string()))
            )
        elif pages.exist and key not in pages.begun:
            deliveries[key] = Delivery.all(len(rows), NOT_SENT, "the run was cut off before this batch went out", False)
    return deliveries


def _arrived(channel: Channel, key: str) -> bool | None:
    """Whether this batch is there, by itself or in the one that it was cut from; None where the channel cannot say."""
    if not isinstance(channel, LooksUp):
        return None
    look_up, answers = channel.look_up, []
    for name in whole_and_parts(key):
        patience.check()
        answers.append(patience.bounded(partial(look_up, name), LONGEST_QUESTION_SECONDS, "the batch's place"))
        if answers[-1]:
            return True
    return None if None in answers else False


def _ask(channel: Channel, rows: pa.Table) -> Delivery:
    """What the channel knows of one batch, and where it knows nothing, its rule."""
    patience.check()
    job = rows["job"][0].as_py()
    if job is not None and isinstance(channel, TakesJobs):
        return _of_job(channel, job, rows)
    arrived = _arrived(channel, _key(rows))
    if arrived:
        return Delivery.all(len(rows), ACCEPTED, "", False)
    if arrived is False:
        return Delivery.all(len(rows), NOT_SENT, "", False)
    return _by_rule(channel, rows)


def _of_job(channel: Any, job: str, rows: pa.Table) -> Delivery:
    """Only a vendor that no longer knows the job leaves its rows to the rule. A refused credential, a refused
    question, an answer that our file cannot read say nothing of what was done: the rows stay under way, and are given
    up after LONGEST_JOB.
    """
    try:
        results = ask(channel, job, rows["record_key"].combine_chunks())
        results = results and conforming(results, len(rows))
    except NotThere:
        return _by_rule(channel, rows)
    except Stopped:
        raise
    except (FairleadError, BatchRejected) as error:
        return Delivery.all(len(rows), WAITING, numbered(error), False)
    except Exception as error:  # a fault in the channel's file: its text may hold a record, so its type is told
        log.error(
            "FL107 the job's outcome: %s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__))
        )
        return Delivery.all(len(rows), WAITING, f"FL107 the channel failed with {type(error).__name__}", False)
    return as_delivery(results) if results else Delivery.all(len(rows), WAITING, NOT_DONE, False)


def _by_rule(channel: Channel, rows: pa.Table) -> Delivery:
    return Delivery.all(len(rows), IN_DOUBT, AGAIN if channel.in_doubt == "idempotent" else TAKEN, True)


def _given_up(delivery: Delivery, rows: pa.Table, endless: set[str]) -> Delivery:
    """A job that never ends is in doubt: by the channel's rule its rows go again, or are taken as sent."""
    if rows["run_id"][0].as_py() not in endless or not pc.any(pc.equal(delivery.statuses, WAITING)).as_py():
        return delivery
    return Delivery.all(len(rows), IN_DOUBT, ENDLESS, True)


def _write(
    db: Warehouse, sync: str, channel: Channel, leftovers: Leftovers, deliveries: list[Delivery], memory: Memory
) -> dict[str, int]:
    counts: dict[str, int] = {}
    with db.transaction():
        for rows, delivery in zip(leftovers.batches, deliveries, strict=True):
            run_id = rows["run_id"][0].as_py()
            written = answers.of(
                rows.append_column("fields", pa.nulls(len(rows), pa.string())), delivery, channel.in_doubt, memory
            )
            delivered.record(db, sync, run_id, written, [_key(rows)])
            never = pc.equal(delivery.statuses, NOT_SENT)
            if pc.any(never).as_py():
                _drop(db, sync, rows.filter(never))
            for status in [*written["status"].to_pylist(), *(s for s in delivery.statuses.to_pylist() if s == WAITING)]:
                counts[status] = counts.get(status, 0) + 1
        db.execute("delete from activation.claims where sync = $1", [sync])
        for key in (k for k, arrived in leftovers.doubted.items() if arrived):
            _undoubt(db, sync, key)
    return counts


def _drop(db: Warehouse, sync: str, rows: pa.Table) -> None:
    with db.given("unsent", rows.select(["record_key"])):
        db.execute(
            "delete from activation.sending where sync = $1 and record_key in (select record_key from unsent)", [sync]
        )


def _undoubt(db: Warehouse, sync: str, key: str) -> None:
    """A batch in doubt of an earlier run has arrived. Who is in doubt under several addresses stays so."""
    leaves = "op in ('remove', 'exit')"
    condition = f"""sync = $1 and idempotency_key = $2 and delivered_hash = '{UNKNOWN}' and status = '{IN_DOUBT}'
        and not {several("record_key")}"""
    doubted = f"from activation.delivered where {condition}"
    db.execute(
        f"""insert into activation.changelog (run_id, sync, record_key, op, reason, status, logged_at)
        select run_id, sync, record_key, op, 'arrived_after_all',
            case when {leaves} then 'removed' else 'delivered' end, $3 {doubted}""",
        [sync, key, now()],
    )
    db.execute(
        f"""update activation.delivered
            set status = case when {leaves} then 'removed' else 'delivered' end, last_error = null,
            delivered_hash = case op when 'exit' then cast('{EXITED}' as uuid)
                when 'remove' then null else payload_hash end,
            payload = case op when 'remove' then null else payload end
        where {condition}""",
        [sync, key],
    )


def under_way(db: Warehouse, sync: str) -> list[dict[str, Any]]:
    """The vendor's jobs that are not yet told of: job, rows, run_id."""
    sql = """select job, min(run_id) as run_id, count(*) as rows from activation.sending
        where sync = $1 and job is not null group by job order by job"""
    return db.query(sql, [sync]).to_pylist()
