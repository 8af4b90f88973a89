"""What HubSpot's batch answers say of each row. Rows are numbers of the batch; each is told by its trace id."""

from collections.abc import Iterable, Mapping
from typing import Any

import httpx

from activation.channel import ChangeBatch, Quota

Said = Mapping[str, Any]


def as_text(value: Any) -> str:
    """HubSpot keeps every property as text, and takes the empty one to clear it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def properties(row: Mapping[str, Any]) -> dict[str, str]:
    return {name: as_text(value) for name, value in row.items()}


def names_of(batch: ChangeBatch, id_property: str, earlier: bool = False) -> list[str]:
    """What each row is called there, '' where the field is empty; the person_id where the property is not mapped."""
    if id_property not in batch.fields.column_names:
        return [str(key) for key in batch.keys.to_pylist()]
    values = batch.earlier(id_property) if earlier else batch.column(id_property)
    return [as_text(value).strip() for value in values]


def records(content: Said, names: Mapping[int, str], id_property: str) -> dict[int, Said]:
    """Row -> the record in `results`: by trace id, else by the property's value, whose case may be lowered there."""
    at = {name.lower(): row for row, name in names.items()}
    by_row: dict[int, Said] = {}
    for record in content.get("results") or []:
        row = _traced(record.get("objectWriteTraceId"), names)
        for value in [] if row is not None else _values(record.get("properties") or {}, id_property):
            row = at.get(value) if row is None else row
        if row is not None:
            by_row[row] = record
    return by_row


def faults(content: Said, names: Mapping[int, str]) -> dict[int, str]:
    """Row -> why it failed, from `errors`: by the trace ids, else the names, that the error's context holds."""
    at = {name.lower(): row for row, name in names.items()}
    by_row: dict[int, str] = {}
    for error in content.get("errors") or []:
        reason = f"{error.get('category') or 'error'}: {error.get('message') or 'no message'}"
        context = error.get("context") or {}
        traced = [_traced(value, names) for value in _flat([context.get("objectWriteTraceId")])]
        named = [at.get(str(value).lower()) for value in _flat(context.values())]
        for row in traced if any(r is not None for r in traced) else named:
            if row is not None:
                by_row[row] = reason
    return by_row


def statuses(content: Said, subscription_id: int) -> dict[str, str]:
    """Address in lower case -> SUBSCRIBED, UNSUBSCRIBED or NOT_SPECIFIED, for those of whom the answer speaks."""
    by_email: dict[str, str] = {}
    for person in content.get("results") or []:
        of_this = [
            s.get("status")
            for s in person.get("statuses") or []
            if str(s.get("subscriptionId")) == str(subscription_id)
        ]
        by_email[str(person.get("subscriberIdString")).lower()] = of_this[0] if of_this else "NOT_SPECIFIED"
    return by_email


def read_quota(headers: httpx.Headers) -> Quota | None:
    """X-HubSpot-RateLimit-*: calls left of the running interval, which ends at most its own length from now."""
    remaining, length = (
        headers.get("x-hubspot-ratelimit-remaining"),
        headers.get("x-hubspot-ratelimit-interval-milliseconds"),
    )
    daily = headers.get("x-hubspot-ratelimit-daily-remaining")
    if remaining is None:
        return None if daily is None else Quota(int(daily))
    return Quota(int(remaining), None if length is None else int(length) / 1000)


def _traced(trace: Any, names: Mapping[int, str]) -> int | None:
    row = int(trace) if str(trace).isdigit() else None
    return row if row in names else None


def _values(held: Said, id_property: str) -> list[str]:
    """A contact is found under its further addresses, too."""
    more = str(held.get("hs_additional_emails") or "").split(";") if id_property == "email" else []
    return [value.lower() for value in [str(held.get(id_property) or ""), *more] if value]


def _flat(values: Iterable[Any]) -> list[Any]:
    return [v for value in values for v in (value if isinstance(value, list) else [value]) if v is not None]
