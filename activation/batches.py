"""A window of rows -> the batches that go out, and the claims that are written before they do."""

import hashlib
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from activation.channel import ChangeBatch, Channel
from activation.payload import plain
from activation.sync import Sync

Batches = list[tuple[ChangeBatch, pa.Table]]  # with the payload_hash and quick_hash its acceptance is remembered by


def cut(rows: pa.Table, sync: Sync, channel: Channel, day: date, run_id: str) -> Batches:
    """The rows of diff.window, `skip` left out, in pieces of the channel's size."""
    fields = plain(pa.table({name: rows[f"f{i}"] for i, name in enumerate(sync.fields)}))
    if not channel.removal_needs_fields:
        removed = pc.equal(rows["op"], "remove")
        fields = pa.table(
            {n: pc.if_else(removed, pa.scalar(None, fields[n].type), fields[n]) for n in fields.column_names}
        )
    size, batches = channel.limits.batch_size, []
    for at in range(0, len(rows), size):
        piece = rows.slice(at, size)
        batch = ChangeBatch(
            sync=sync.name, day=day, run_id=run_id, idempotency_key=_key(piece, sync, day, run_id),
            keys=_array(piece["person_id"]), ops=_array(piece["op"]), fields=fields.slice(at, size),
        )  # fmt: skip
        batches.append((batch, piece.select(["payload_hash", "quick_hash"])))
    return batches


def claims(rows: pa.Table, batches: Batches) -> pa.Table:
    keys = pa.concat_arrays([pa.repeat(b.idempotency_key, len(b)) for b, _ in batches])
    return rows.select(["person_id", "op", "payload_hash"]).append_column("idempotency_key", keys)


def _key(rows: pa.Table, sync: Sync, day: date, run_id: str) -> str:
    """The run is in it: the same payload, sent, replaced and sent again, must not look like a repetition."""
    digest = hashlib.sha256(run_id.encode())
    for column in ("person_id", "op", "payload_hash"):
        digest.update("\0".join(v or "" for v in rows[column].to_pylist()).encode() + b"\1")
    return f"{sync.name}.{day}.{digest.hexdigest()[:32]}"


def _array(column: pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks()
    return (whole.chunk(0) if isinstance(whole, pa.ChunkedArray) and whole.num_chunks else whole).cast(pa.string())
