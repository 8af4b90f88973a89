"""A channel's results -> what the ledger writes: status, reason without anything personal, what is there now."""

import pyarrow as pa
import pyarrow.compute as pc

from activation.channel import ACCEPTED, IN_DOUBT, REJECTED, ChangeBatch, InDoubt
from activation.payload import KEEP, UNKNOWN
from activation.send import Delivery

LONGEST_REASON = 300  # characters of a channel's own words
SHORTEST_SECRET = 3  # shorter values (a country, a tier) stand in half of all sentences


def of(batch: ChangeBatch, hashes: pa.Table, delivery: Delivery, rule: InDoubt) -> pa.Table:
    """person_id, status, error, delivered_hash, quick_hash: see ledger.record.

    hashes  payload_hash, quick_hash of the batch's rows
    """
    removes = pc.equal(batch.ops, "remove")
    payload, quick = (hashes[c].combine_chunks() for c in ("payload_hash", "quick_hash"))
    there = pc.if_else(removes, pa.scalar(None, payload.type), payload)
    accepted, in_doubt = (pc.equal(delivery.statuses, s) for s in (ACCEPTED, IN_DOUBT))
    settled = pc.or_(accepted, in_doubt) if rule == "message" else accepted  # a message in doubt is taken as sent
    unknown = pc.and_(pc.or_(in_doubt, delivery.doubtful), pc.invert(settled))
    delivered = pc.if_else(settled, there, pc.if_else(unknown, UNKNOWN, KEEP))
    done = pc.if_else(removes, "removed", "delivered")
    status = pc.if_else(accepted, done, delivery.statuses)
    return pa.table(
        {
            "person_id": batch.keys,
            "status": status,
            "error": pc.if_else(accepted, pa.scalar(None, pa.string()), _discreet(batch, delivery)),
            "delivered_hash": delivered,
            "quick_hash": pc.if_else(pc.and_(accepted, pc.invert(removes)), quick, pa.scalar(None, quick.type)),
        }
    )


def _discreet(batch: ChangeBatch, delivery: Delivery) -> pa.Array:
    """The reasons with every value of the person's payload replaced by the field's name, then anything like an address or number."""
    bad = pc.indices_nonzero(pc.equal(delivery.statuses, REJECTED))
    reasons = delivery.errors.to_pylist() if len(bad) else []
    if reasons:
        records = batch.fields.take(bad).to_pylist()
        for at, record in zip(bad.to_pylist(), records, strict=True):
            reasons[at] = _without(reasons[at], record)
    errors = pa.array(reasons, pa.string()) if reasons else delivery.errors
    errors = pc.replace_substring_regex(errors, r"[^\s<>\"',;:]+@[^\s<>\"',;:]+", "<e-mail>")
    errors = pc.replace_substring_regex(errors, r"\+?\d[\d ().-]{6,}\d", "<number>")
    return pc.utf8_slice_codeunits(errors, 0, LONGEST_REASON)


def _without(reason: str, record: dict[str, object]) -> str:
    for field, value in sorted(record.items(), key=lambda item: -len(str(item[1]))):
        if value is not None and len(str(value)) >= SHORTEST_SECRET:
            reason = reason.replace(str(value), f"<{field}>")
    return reason
