"""Batches of written additions that were wholly accepted: ranges, until the ledger takes in their rows all at once.

A million rows in one statement cost the engine half of what they cost a window at a time. That a batch was accepted is
written with each turn in the warehouse (`note`), and `fold` makes rows of it: while the run goes on from time to time,
when it ends, and after a kill whatever writes to the ledger next. The rows are in the run's own table of what goes out,
so that table is never dropped with anything unfolded in it.
"""

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from activation.ledger import delivered
from activation.ledger.tables import append
from core.clock import now
from core.warehouse import Warehouse

# A row each of the run's outgoing rows. No table is joined for the keys: a join by ranges sorts whole rows, payloads
# and all.
ROWS = """
    select record_key, op, reason, cast(null as varchar) as fields, payload_hash, quick_hash, idempotency_key,
        'delivered' as status, cast(null as varchar) as error, false as keeps, payload_hash as delivered_hash,
        cast(null as varchar) as remote_id, {payload} as payload
    from (
        select q.*, {keys} as idempotency_key from {outgoing} as q where q.position between {first} and {last}
    ) as k where idempotency_key is not null"""
SPANS = """select run_id, idempotency_key, first_position, last_position, keeps_payload, accepted_at
    from activation.accepted where sync = $1 order by run_id, first_position"""


def note(db: Warehouse, sync: str, run_id: str, spans: pa.Table, keeps_payload: bool) -> None:
    """Write that these batches were accepted, and let go of their claims.

    spans   first_position, last_position, idempotency_key of each · keeps_payload   whether the ledger keeps theirs
    """
    size = len(spans)
    rows = spans.append_column("keeps_payload", pa.repeat(keeps_payload, size))
    rows = rows.append_column("accepted_at", pa.repeat(pa.scalar(now(), pa.timestamp("us")), size))
    with db.transaction():
        append(db, "activation.accepted", sync, run_id, rows)
        delivered.release(db, sync, spans["idempotency_key"].to_pylist())


def fold(db: Warehouse, sync: str, outgoing: str, first: bool = False) -> None:
    """Have the ledger take the rows of what is noted: as `delivered.record`, of additions none of which is under way
    row by row, or in doubt under an address.

    outgoing   the table of the run's outgoing rows
    first      nothing of this sync stood in the ledger when the run began
    """
    spans = db.query(SPANS, [sync]).to_pylist()
    if not spans:
        return
    with db.transaction():
        if db.exists(outgoing):
            for run_id in dict.fromkeys(span["run_id"] for span in spans):
                _fold(db, sync, outgoing, [span for span in spans if span["run_id"] == run_id], first)
        else:  # somebody has dropped it: what was sent is not known any more, and settling asks or sends again
            db.execute(
                """insert into activation.claims (sync, run_id, idempotency_key, first_position, last_position)
                select sync, run_id, idempotency_key, first_position, last_position from activation.accepted
                where sync = $1""",
                [sync],
            )
        db.execute("delete from activation.accepted where sync = $1", [sync])


def fold_all(db: Warehouse, outgoing: Callable[[str], str]) -> None:
    """What killed pushes have noted, and those under way, which then have the less to fold.

    outgoing   sync -> its table
    """
    for sync in db.query("select distinct sync from activation.accepted order by sync")["sync"].to_pylist():
        fold(db, sync, outgoing(sync))


def _fold(db: Warehouse, sync: str, outgoing: str, spans: Sequence[dict[str, Any]], first: bool) -> None:
    answers = ROWS.format(
        outgoing=outgoing, payload="payload" if spans[0]["keeps_payload"] else "cast(null as varchar)",
        first=spans[0]["first_position"], last=spans[-1]["last_position"], keys=_key_of(spans),
    )  # fmt: skip
    newest = max(span["accepted_at"] for span in spans)
    delivered.write(db, sync, spans[0]["run_id"], f"({answers})", first, newest)


def _key_of(spans: Sequence[dict[str, Any]]) -> str:
    """SQL: the key of the batch that a position is in, else NULL. Halved and halved again, so that a row meets few
    comparisons however many batches there are.
    """
    if len(spans) == 1:
        (span,) = spans
        within = f"position between {span['first_position']} and {span['last_position']}"
        return f"case when {within} then '{span['idempotency_key']}' end"
    middle = len(spans) // 2
    lower, upper = _key_of(spans[:middle]), _key_of(spans[middle:])
    return f"case when position < {spans[middle]['first_position']} then {lower} else {upper} end"
