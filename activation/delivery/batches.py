"""A window of rows -> the batches that go out, each beside the rows by which the ledger will remember it."""

import hashlib
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from activation.channel import ChangeBatch, Channel
from activation.delivery.payload import PART, plain
from activation.sync import Sync
from activation.vendor.json_rows import json_rows, table_of

LEDGER = ("position", "record_key", "op", "reason", "payload_hash", "quick_hash", "before", "torn")


@dataclass(frozen=True)
class Piece:
    """One batch.

    rows   the columns of LEDGER with fields (the names of those that change) and idempotency_key, in the batch's order
    left   the fields as the channel has them once they are accepted; None: as they are sent
    """

    batch: ChangeBatch
    rows: pa.Table
    state: pa.Table | None = None  # what the channel has once the batch is accepted; None: the fields of the batch

    @cached_property
    def remembered(self) -> pa.Table:
        """The rows with their payload (JSON): written late, in the sending thread, for it is half of the work."""
        return self.rows.append_column("payload", self.batch.json if self.state is None else json_rows(self.state))


def cut(rows: pa.Table, sync: Sync, channel: Channel, day: date, run_id: str) -> list[Piece]:
    """The rows of diff.window, `skip` left out, in pieces of the channel's size; removals in pieces of their own."""
    rows = rows.filter(pc.not_equal(rows["op"], "skip")).combine_chunks()
    removed = pc.equal(rows["op"], "remove")
    pieces: list[Piece] = []
    for part in (rows.filter(removed), rows.filter(pc.invert(removed))):
        if len(part):
            pieces += _cut(part, sync, channel, day, run_id)
    return pieces


def _cut(rows: pa.Table, sync: Sync, channel: Channel, day: date, run_id: str) -> list[Piece]:
    now = plain(pa.table({name: rows[f"f{i}"] for i, name in enumerate(sync.columns)}))
    ours = pc.any(rows["ours"]).as_py()
    before = table_of(rows["before"].combine_chunks(), now.schema) if ours else None
    fields = (
        now if before is None else _as_sent(rows["op"].combine_chunks(), pc.is_valid(rows["before"]), now, before, sync)
    )
    ops = pc.if_else(pc.equal(rows["op"], "exit"), "update", rows["op"])
    state = _state_after(fields, before, sync)
    ledger = rows.select(LEDGER).append_column("fields", _changed_fields(rows["op"], state, before))
    size, pieces = channel.limits.batch_size, []
    for at in range(0, len(rows), size):
        mine = ledger.slice(at, size)
        key = _key(mine, sync, day, run_id)
        batch = ChangeBatch(
            sync=sync.name, day=day, run_id=run_id, idempotency_key=key, keys=_array(mine["record_key"]),
            ops=_array(ops.slice(at, size)), fields=fields.slice(at, size), mode=sync.mode,
            policies=sync.policies, key_name=sync.key,
            before=None if before is None else before.slice(at, size),
            remote_ids=_array(rows["remote_id"].slice(at, size)),
        )  # fmt: skip
        mine = mine.append_column("idempotency_key", pa.repeat(key, len(mine)))
        pieces.append(Piece(batch, mine, None if state is fields else state.slice(at, size)))
    return pieces


def _as_sent(ops: pa.Array, has_before: pa.ChunkedArray, now: pa.Table, before: pa.Table, sync: Sync) -> pa.Table:
    """What goes out: who leaves as last delivered (else as known now), who stays behind with the exit's values."""
    leaving, leaves = pc.is_in(ops, pa.array(["remove", "exit"])), {}
    for name in now.column_names:
        column = pc.if_else(pc.and_(leaving, has_before), before[name], now[name])
        if name in sync.exit_fields:
            column = pc.if_else(pc.equal(ops, "exit"), constant(sync.exit_fields[name], now[name].type), column)
        leaves[name] = column
    return pa.table(leaves)


def _state_after(fields: pa.Table, before: pa.Table | None, sync: Sync) -> pa.Table:
    """What the channel has once `fields` are accepted: where a policy keeps the value that is there, it stays known."""
    if before is None:
        return fields
    for name, policy in sync.policies.items():
        first, then = (fields, before) if policy == "never_null" else (before, fields)
        values = pc.coalesce(first[name], then[name])
        fields = fields.set_column(fields.column_names.index(name), name, values)
    return fields


def constant(value: Any, kind: pa.DataType) -> pa.Scalar:
    """A value of a sync file as the column's type. Raises pa.ArrowInvalid or ArrowTypeError where it does not fit."""
    text = str(value).lower() if isinstance(value, bool) and pa.types.is_string(kind) else value
    return pa.scalar(str(text) if pa.types.is_string(kind) else text, kind)


def _changed_fields(ops: pa.ChunkedArray, fields: pa.Table, before: pa.Table | None) -> pa.Array:
    """(n,) the names of the fields that an update changes, for the changelog; NULL for all other changes."""
    nothing = pa.nulls(len(ops), pa.string())
    if before is None:
        return nothing
    parts = []
    for name in fields.column_names:
        new, old = fields[name].combine_chunks(), before[name].combine_chunks()
        same = pc.fill_null(pc.equal(new, old), False)
        both_null = pc.and_(pc.is_null(new), pc.is_null(old))
        parts.append(pc.if_else(pc.or_(same, both_null), "", f"{name}, "))
    names = pc.utf8_rtrim(pc.binary_join_element_wise(*parts, ""), ", ")
    return pc.if_else(pc.equal(ops, "update"), names, nothing).combine_chunks()


def claims(pieces: list[Piece]) -> pa.Table:
    """idempotency_key, first_position, last_position of each."""
    spans = [pc.min_max(p.rows["position"]).as_py() for p in pieces]
    return pa.table(
        {
            "idempotency_key": pa.array([p.batch.idempotency_key for p in pieces], pa.string()),
            "first_position": pa.array([s["min"] for s in spans], pa.int64()),
            "last_position": pa.array([s["max"] for s in spans], pa.int64()),
        }
    )


def restart_rows(piece: Piece, job: str | None = None, keys: pa.Array | None = None, of_part: str = "") -> pa.Table:
    """The rows of a piece (those of `keys` only) as delivered.keep_rows wants them.

    of_part   the idempotency key of the part that they go out in, where the piece was cut
    """
    rows = piece.remembered if keys is None else piece.remembered.filter(pc.is_in(piece.rows["record_key"], keys))
    names = ("idempotency_key", "record_key", "op", "payload_hash", "quick_hash", "payload", "reason")
    table = rows.select(names)
    if of_part:
        table = table.set_column(0, names[0], pa.repeat(pa.scalar(of_part, pa.string()), len(rows)))
    table = table.append_column("place", pa.array(range(len(rows)), pa.int64()))
    return table.append_column("job", pa.repeat(pa.scalar(job, pa.string()), len(rows)))


def _key(rows: pa.Table, sync: Sync, day: date, run_id: str) -> str:
    """The run is in it: the same payload, sent, replaced and sent again, must not look like a repetition."""
    digest = hashlib.sha256(run_id.encode())
    for column in ("record_key", "op", "payload_hash"):
        texts = pc.fill_null(rows[column].combine_chunks(), "")
        joined = pc.binary_join(pa.ListArray.from_arrays(pa.array([0, len(texts)], pa.int32()), texts), "\0")
        digest.update(joined[0].as_buffer())
        digest.update(b"\1")
    return f"{sync.name}.{day}.{digest.hexdigest()[:32]}"


def _array(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return (whole.chunk(0) if isinstance(whole, pa.ChunkedArray) and whole.num_chunks else whole).cast(pa.string())


def part(batch: ChangeBatch, start: int, count: int) -> ChangeBatch:
    """A run of the batch's rows under a key of its own, the same whenever the same batch is cut the same way."""
    piece = some_rows(batch, pa.array(range(start, start + count), pa.int64()))
    return replace(piece, idempotency_key=f"{batch.idempotency_key}{PART}{start}+{count}")


def whole_and_parts(key: str) -> list[str]:
    """The key itself, of a part after those of what it was cut from: each of them may be what arrived."""
    words = key.split(PART)
    return [PART.join(words[: i + 1]) for i in range(len(words))]


def some_rows(batch: ChangeBatch, at: pa.Array) -> ChangeBatch:
    """Some of the batch's rows, by position."""
    before, remote = batch.before, batch.remote_ids
    return replace(
        batch, keys=batch.keys.take(at), ops=batch.ops.take(at), fields=batch.fields.take(at),
        before=None if before is None else before.take(at), remote_ids=None if remote is None else remote.take(at),
    )  # fmt: skip
