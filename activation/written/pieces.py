"""The additions of a run as the engine writes them: which syncs can have it, and a window of rows cut into batches.

A batch is a range of positions of the run's outgoing rows. One that is wholly accepted is never looked at row by row:
the ledger takes its rows from that same table. Of any other its rows are read, and go the way of all channels.
"""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from activation.channel import ChangeBatch, LooksUp
from activation.delivery import outgoing
from activation.delivery.batches import Piece, cut
from activation.delivery.payload import plain
from activation.delivery.route import Route
from activation.delivery.withdrawn import noes
from activation.ledger import delivered
from activation.sync import Sync
from activation.vendor.json_rows import table_of
from activation.written.batch import TakesWritten, WrittenBatch, WrittenRow
from core.warehouse import Warehouse

Open = Callable[[], AbstractContextManager[Warehouse]]


@dataclass(frozen=True)
class WrittenPiece:
    """One batch: a range of positions, and how its rows are read where they are needed one by one."""

    batch: WrittenBatch
    first: int
    last: int
    by_row: Callable[[Warehouse], Piece]


def payload_of(db: Warehouse, route: Route) -> str | None:
    """SQL by which the engine writes the fields of a row `p`; None where this sync's rows go column by column.

    So they go where a restart has to know more of a row than its position, where what is there already decides what is
    sent, and where the engine cannot write a type.
    """
    sync, channel = route.sync, route.channel
    if not isinstance(channel, TakesWritten) or channel.in_doubt != "idempotent" or isinstance(channel, LooksUp):
        return None
    if route.about.identifiers or sync.policies or sync.mode in ("create_only", "update_only"):
        return None
    in_doubt = "select 1 as one from activation.addresses_in_doubt where sync = $1 limit 1"
    if len(db.query(in_doubt, [sync.name])):
        return None
    types = {table: db.columns(table) for table in sync.tables}
    kinds = {name: types[table].get(column, "") for name, (table, column) in sync.origins.items()}
    return db.json_object({name: (f"p.{column}", kinds[name]) for name, column in sync.columns.items()})


def claim(
    db: Warehouse, route: Route, run_id: str, window: tuple[int, int], opened: Open
) -> tuple[list[WrittenPiece], int]:
    """The batches of positions (start, end] of the window, and how many rows of it have withdrawn by now.

    opened   the warehouse, for a batch that has to be read row by row later
    """
    sync, channel = route.sync, route.channel
    assert isinstance(channel, TakesWritten)
    keys = db.query(_keys(sync, noes(db)), [sync.name, *window])
    skipped = keys["position"].filter(keys["skipped"])
    delivered.forget_positions(db, sync.name, skipped)
    outgoing.forget(db, sync.name, skipped)
    keys = keys.filter(pc.invert(keys["skipped"])).combine_chunks()
    size = channel.limits.batch_size
    parts = [keys.slice(at, size) for at in range(0, len(keys), size)]
    spans = pa.table({
        "batch": pa.array(range(len(parts)), pa.int64()),
        "first": pa.array([part["position"][0].as_py() for part in parts], pa.int64()),
        "last": pa.array([part["position"][-1].as_py() for part in parts], pa.int64()),
    })  # fmt: skip
    with db.given("spans", spans):
        texts = db.query(_texts(sync, channel.written_row), window)
    pieces = []
    for part, text in zip(parts, texts["rows"], strict=True):
        first, last = part["position"][0].as_py(), part["position"][-1].as_py()
        pieces.append(_piece(route, run_id, part["record_key"], (first, last), text, opened))
    return pieces, len(skipped)


def _piece(
    route: Route, run_id: str, keys: pa.ChunkedArray, span: tuple[int, int], text: pa.Scalar, opened: Open
) -> WrittenPiece:
    first, last = span
    key = _idempotency_key(route, run_id, first, last)
    by_row = partial(_by_row, route=route, run_id=run_id, key=key, span=span)

    def load() -> ChangeBatch:
        with opened() as db:
            return by_row(db).batch

    whole = keys.combine_chunks().cast(pa.string())
    batch = WrittenBatch(route.sync.name, route.day, run_id, key, whole, text.as_buffer(), load)
    return WrittenPiece(batch, first, last, by_row)


def _by_row(db: Warehouse, route: Route, run_id: str, key: str, span: tuple[int, int]) -> Piece:
    """The same batch column by column, under the same key."""
    rows, schema = db.query(_rows(route.sync), span), plain(db.query(_fields(route.sync))).schema
    fields = table_of(rows["payload"].combine_chunks(), schema)
    for place, name in enumerate(schema.names):
        rows = rows.append_column(f"f{place}", fields[name])
    (piece,) = cut(rows, route.sync, route.channel, route.day, run_id)
    place = piece.rows.column_names.index("idempotency_key")
    named = piece.rows.set_column(place, "idempotency_key", pa.repeat(pa.scalar(key), len(rows)))
    return replace(piece, batch=replace(piece.batch, idempotency_key=key), rows=named)


def _idempotency_key(route: Route, run_id: str, first: int, last: int) -> str:
    """Positions are a run's own and never given twice in it, and a batch keeps its range however often it is tried."""
    digest = hashlib.sha256(f"{run_id} {first} {last}".encode()).hexdigest()
    return f"{route.sync.name}.{route.day}.{digest[:32]}"


def claims(pieces: Sequence[WrittenPiece]) -> pa.Table:
    """As batches.claims."""
    return pa.table(
        {
            "idempotency_key": pa.array([piece.batch.idempotency_key for piece in pieces], pa.string()),
            "first_position": pa.array([piece.first for piece in pieces], pa.int64()),
            "last_position": pa.array([piece.last for piece in pieces], pa.int64()),
        }
    )


def _keys(sync: Sync, said_no: tuple[str, str]) -> str:
    """SELECT position, record_key, skipped of positions ($2, $3] in order; $1: the sync. As outgoing.window judges."""
    return f"""
    with withdrawn as ({outgoing.withdrawn_since(sync, said_no)})
    select q.position, q.record_key,
        w.record_key is not null or p.{sync.key} is null or q.op = 'skip' as skipped
    from {outgoing.table(sync.name)} as q
    left join withdrawn as w on w.record_key = q.record_key
    left join (select p.{sync.key} from {sync.tables[0]} as p) as p on p.{sync.key} = q.record_key
    where '{sync.name}' = $1 and q.position > $2 and q.position <= $3 order by q.position"""


def _texts(sync: Sync, row: WrittenRow) -> str:
    """SELECT rows, a text for each of the `spans` in order, from the outgoing rows of positions ($1, $2]."""
    before, between, after, seam = (
        f"'{words.replace(chr(39), chr(39) * 2)}'" for words in (*row, f"{row.after},{row.before}")
    )
    return f"""
    select s.batch, {before} || string_agg(cast(to_json(q.record_key) as varchar) || {between} || q.payload, {seam})
        || {after} as rows  -- the words between two rows are the seam: each row is put together once, and shorter
    from {outgoing.table(sync.name)} as q inner join spans as s on q.position between s.first and s.last
    where q.position > $1 and q.position <= $2 group by s.batch order by s.batch"""


def _rows(sync: Sync) -> str:
    """SELECT what outgoing.window gives of positions [$1, $2], and the payload in place of the fields. These are people
    who were never there: nothing is known of an earlier delivery."""
    nothing = "cast(null as varchar)"
    return f"""
    select position, record_key, op, false as ours, reason, cast(payload_hash as varchar) as payload_hash, quick_hash,
        payload, {nothing} as before, {nothing} as remote_id, false as torn
    from {outgoing.table(sync.name)} where position between $1 and $2 order by position"""


def _fields(sync: Sync) -> str:
    """SELECT no row of the fields."""
    columns = ", ".join(f'p.{column} as "{name}"' for name, column in sync.columns.items())
    return f"select {columns} from {sync.records} as p where 1 = 0"
