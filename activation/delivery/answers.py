"""A channel's results -> what the ledger writes: status, reason without anything personal, what is there now."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from activation.channel import ACCEPTED, IN_DOUBT, REJECTED, SKIPPED, About, InDoubt
from activation.delivery.payload import EXITED, UNKNOWN
from activation.delivery.results import NOT_SENT, WAITING, Delivery
from activation.sync import Sync, identifiers
from activation.vendor.json_rows import json_rows, table_of
from core.settings import without_secrets

LONGEST_REASON = 300  # characters of a channel's own words
SHORTEST_SECRET = 3  # shorter values (a country, a tier) stand in half of all sentences


@dataclass(frozen=True)
class Memory:
    """What the ledger keeps of a payload."""

    identifiers: Sequence[str] = ()  # the fields by which the channel knows people; (): person_id
    payload: bool = True  # False: what is there will never be changed or taken out, so nothing personal is kept

    @classmethod
    def of(cls, about: About, sync: Sync) -> "Memory":
        return cls(identifiers(about, sync), sync.mode != "append")


WHOLE = Memory()


def of(rows: pa.Table, delivery: Delivery, rule: InDoubt, memory: Memory = WHOLE) -> pa.Table:
    """The table of delivered.record, for those rows of a batch that have an answer.

    rows   record_key, op, reason, fields, payload_hash, quick_hash, payload, idempotency_key of the batch, in its
           order; before (JSON): what the ledger has of them · torn (bool): that is more than one address
    """
    leaves = pc.is_in(rows["op"], pa.array(["remove", "exit"])).combine_chunks()
    payload_hash, quick = (rows[c].combine_chunks() for c in ("payload_hash", "quick_hash"))
    nothing = pa.scalar(None, payload_hash.type)
    exits = pc.equal(rows["op"], "exit").combine_chunks()
    exit_hash = pc.if_else(exits, pa.scalar(EXITED, payload_hash.type), nothing)
    present_hash = pc.if_else(leaves, exit_hash, pc.coalesce(payload_hash, pa.scalar(UNKNOWN)))
    accepted, in_doubt = (pc.equal(delivery.statuses, s) for s in (ACCEPTED, IN_DOUBT))
    settled = pc.or_(accepted, in_doubt) if rule == "message" else accepted  # a message in doubt is taken as sent
    unknown = pc.and_(pc.or_(in_doubt, delivery.doubtful), pc.invert(settled))
    doubted = pc.or_(unknown, rows["torn"].combine_chunks())
    table = pa.table(
        {
            **{
                name: rows[name]
                for name in ("record_key", "op", "reason", "fields", "payload_hash", "payload", "idempotency_key")
            },
            "status": pc.if_else(accepted, pc.if_else(leaves, "removed", "delivered"), delivery.statuses),
            "error": pc.if_else(accepted, pa.scalar(None, pa.string()), _discreet(rows, delivery)),
            "keeps": pc.invert(pc.or_(settled, unknown)),
            "delivered_hash": pc.if_else(settled, present_hash, pc.if_else(unknown, UNKNOWN, nothing)),
            "quick_hash": pc.if_else(pc.and_(accepted, pc.invert(leaves)), quick, pa.scalar(None, quick.type)),
            "remote_id": delivery.remote_ids,
            "address": _addresses(rows["payload"], doubted, memory.identifiers),
            "stood": _addresses(rows["before"], doubted, memory.identifiers),
        }
    )
    if not memory.payload:
        table = table.set_column(table.column_names.index("payload"), "payload", pa.nulls(len(table), pa.string()))
    return table.filter(pc.invert(pc.is_in(delivery.statuses, pa.array([NOT_SENT, WAITING]))))


def _addresses(column: pa.ChunkedArray, mask: pa.Array, identifiers: Sequence[str]) -> pa.Array:
    """(n,) text: where `mask` is true, the fields of the payload by which the channel knows the person; else NULL."""
    payloads = column.combine_chunks()
    if not identifiers or not pc.any(mask).as_py():
        return pa.nulls(len(payloads), pa.string())
    chosen = pc.if_else(mask, payloads, pa.scalar(None, pa.string()))
    schema = pa.schema([(name, pa.string()) for name in identifiers])
    return pc.if_else(pc.is_valid(chosen), json_rows(table_of(chosen, schema)), pa.scalar(None, pa.string()))


def _discreet(rows: pa.Table, delivery: Delivery) -> pa.Array:
    """The reasons without our secrets, with every value of the person's payload replaced by the field's name, then
    anything like an address or number."""
    bad = pc.indices_nonzero(pc.is_in(delivery.statuses, pa.array([REJECTED, SKIPPED, IN_DOUBT])))
    if not len(bad) and delivery.errors.null_count == len(delivery.errors):
        return delivery.errors
    reasons = delivery.errors.to_pylist() if len(bad) else []
    for at, payload in zip(bad.to_pylist(), rows["payload"].take(bad).to_pylist(), strict=True):
        reasons[at] = _without(without_secrets(reasons[at] or ""), json.loads(payload or "{}"))
    errors = pa.array(reasons, pa.string()) if reasons else delivery.errors
    errors = pc.replace_substring_regex(errors, r"[^\s<>\"',;:]+@[^\s<>\"',;:]+", "<e-mail>")
    errors = pc.replace_substring_regex(errors, r"\+?\d[\d ().-]{6,}\d", "<number>")
    theirs = pc.and_(pc.equal(delivery.statuses, REJECTED), pc.invert(pc.fill_null(pc.starts_with(errors, "FL"), True)))
    errors = pc.if_else(theirs, pc.binary_join_element_wise("FL301", errors, " "), errors)
    return pc.utf8_slice_codeunits(errors, 0, LONGEST_REASON)


def _without(reason: str, record: dict[str, object]) -> str:
    for field, value in sorted(record.items(), key=lambda item: -len(str(item[1]))):
        if value is not None and len(str(value)) >= SHORTEST_SECRET:
            reason = reason.replace(str(value), f"<{field}>")
    return reason
