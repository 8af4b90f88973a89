"""A person or an event as an item of Customer.io's batch, and what its errors by position say."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from activation.channel import ACCEPTED, IN_DOUBT, REJECTED
from core.errors import FatalError

Verdict = tuple[str, str | None]
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # the letters of a ULID
# What a person has chosen there; a sync that set it could subscribe them again.
CHOICES = ("unsubscribed", "cio_subscription_preferences")
WHO = ("cio_id", "id", "email")  # how an event names its person, the surest first


def person(action: str, kind: str, value: str, attributes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """kind   id or email; Customer.io takes one identifier"""
    item: dict[str, Any] = {"type": "person", "action": action, "identifiers": {kind: value}}
    return {**item, "attributes": dict(attributes)} if attributes is not None else item


def event(key: str, row: Mapping[str, Any], name: str) -> dict[str, Any] | str:
    """The item, or why there can be none. Its id is a ULID made of our key, by which Customer.io knows a repetition."""
    fields = {field: value for field, value in row.items() if value is not None}
    who = next((kind for kind in WHO if fields.get(kind)), None)
    if who is None:
        return "nothing to know the person by: map id, email or cio_id"
    item = person("event", who, str(fields.pop(who)))
    try:
        at = seconds(fields.pop("timestamp", None))
    except ValueError:
        return "timestamp is neither an instant nor a Unix time"
    item |= {"name": str(fields.pop("name", name)), "id": ulid(key, at or 0)} | (
        {} if at is None else {"timestamp": at}
    )
    return {**item, "attributes": {k: v for k, v in fields.items() if k not in WHO}}


def seconds(instant: Any) -> int | None:
    """Unix time of an ISO 8601 text (UTC where it names no zone) or of a number. Raises ValueError."""
    if instant is None:
        return None
    if isinstance(instant, str) and not instant.isdigit():
        when = datetime.fromisoformat(instant)
        return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())
    return int(instant)


def ulid(key: str, at: int) -> str:
    """26 letters: 48 bits of milliseconds, 80 of the key's SHA-256: an event has the same one at every try."""
    digest = int.from_bytes(hashlib.sha256(key.encode()).digest()[:10])
    number = (max(at, 0) * 1000 % (1 << 48) << 80) | digest
    return "".join(CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def verdicts(rows: int, owners: Sequence[int], errors: Iterable[Mapping[str, Any]]) -> list[Verdict]:
    """What became of each row. `owners` is the row of each item sent; an error that names no item may be any row's."""
    by_row: dict[int, Verdict] = {}
    unnamed = False
    for error in errors:
        at = error.get("batch_index")
        if not isinstance(at, int) or not 0 <= at < len(owners):
            unnamed = True
            continue
        by_row[owners[at]] = (REJECTED, reason(error))
    rest: Verdict = (IN_DOUBT, "Customer.io failed on an item that it does not name") if unnamed else (ACCEPTED, None)
    return [by_row.get(i, rest) for i in range(rows)]


def reason(error: Mapping[str, Any]) -> str:
    words = ": ".join(str(error[part]) for part in ("reason", "field", "message") if error.get(part))
    return words or "refused without a reason"


def refuse_choices(fields: Iterable[str]) -> None:
    """Raises FatalError for a sync that maps what a person has chosen there."""
    mapped = [name for name in fields if name.split(".")[0] in CHOICES]
    if mapped:
        raise FatalError(
            f"customerio: the sync maps {', '.join(mapped)}, which is the person's own choice there. Take it out."
        )
