"""A user or an event as Iterable takes it, and what its counts and lists of failures say of each row."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from activation.channel import ACCEPTED, IN_DOUBT, REJECTED
from activation.vendor.http import Reply
from core.errors import FatalError

Verdict = tuple[str, str | None]
Verdicts = dict[int, Verdict]  # by place in the batch: of the rows that are not accepted
# What a person has chosen there, or is chosen for them: bulkUpdate would overwrite it without an event of its own.
CHOICES = ("emailListIds", "subscribedMessageTypeIds", "unsubscribedChannelIds", "unsubscribedMessageTypeIds")
EVENT_FIELDS = ("campaignId", "templateId")
WHY = {
    "conflict": "the identifier is another user's",
    "forgotten": "was forgotten at Iterable, which takes no data of them",
    "invalidData": "has data that Iterable cannot use", "invalid": "has a malformed identifier",
    "notFound": "is not known there",
    "disallowed": "the event name is blocked in this project",
}  # fmt: skip
LISTED = re.compile(r"^(conflict|forgotten|invalidData|invalid|notFound)(Emails|UserIds)$")
GONE = ("notFound", "forgotten")  # to somebody who leaves: done already


def user(kind: str, key: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """kind   email or userId; Iterable takes one of them. A null empties a field."""
    if kind == "email":
        data = {name: value for name, value in row.items() if name != "email"}
        return {"email": row["email"], "dataFields": data}
    return {"userId": key, "preferUserId": True, "dataFields": dict(row)}


def event(kind: str, key: str, row: Mapping[str, Any], name: str) -> dict[str, Any] | str:
    """The event, or why there can be none. Iterable updates an event whose id it has, so the key makes it one event."""
    fields = {field: value for field, value in row.items() if value is not None}
    if not fields.get(kind):
        return f"no {kind}"
    try:
        at = seconds(fields.pop("createdAt", None))
        own = {field: int(fields.pop(field)) for field in EVENT_FIELDS if field in fields}
    except (ValueError, TypeError):
        return "createdAt is no instant, or campaignId or templateId is no number"
    happened = {kind: str(fields.pop(kind)), "eventName": str(fields.pop("eventName", name)), "id": key, **own}
    return {**happened, **({} if at is None else {"createdAt": at}), "dataFields": fields}


def seconds(instant: Any) -> int | None:
    """Unix time of an ISO 8601 text (UTC where it names no zone) or of a number. Raises ValueError."""
    if isinstance(instant, str) and not instant.isdigit():
        when = datetime.fromisoformat(instant)
        return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())
    return None if instant is None else int(instant)


def failures(
    content: Mapping[str, Any], items: Mapping[int, Mapping[str, Any]], gone_is_done: bool = False
) -> Verdicts:
    """Of the items sent, by place in the batch; {} when all went well.

    Iterable counts its failures and lists their identifiers. When it counts more than it lists, any row that is not
    listed may be one of them.
    """
    named = _named(content)
    verdicts: Verdicts = {}
    absent_count = 0
    for i, item in items.items():
        whats = [str(item.get(kind, "")).lower() for kind in ("email", "userId", "eventName")]
        data = item.get("dataFields") or {}
        reason = next((named[w] for w in (*whats, str(data.get("email") or "").lower()) if w in named), None)
        if reason in GONE and gone_is_done:
            absent_count += 1
        elif reason:
            verdicts[i] = (REJECTED, WHY[reason])
    if int(content.get("failCount") or 0) > len(verdicts) + absent_count:
        doubt = (IN_DOUBT, "Iterable counts failures that it does not list")
        return {i: verdicts.get(i, doubt) for i in items}
    return verdicts


def _named(content: Mapping[str, Any]) -> dict[str, str]:
    """Identifier in lower case -> kind of failure; the lists outside failedUpdates are the older form."""
    named: dict[str, str] = {}
    for part in (content, content.get("failedUpdates") or {}):
        for name, values in part.items():
            if match := LISTED.match(name):
                named |= {str(value).lower(): match[1] for value in values or ()}
    return named | {str(name).lower(): "disallowed" for name in content.get("disallowedEventNames") or ()}


def of_one(reply: Reply) -> Verdict:
    """Of a call for one user: Iterable names what is wrong by a code, whatever the status."""
    code = reply.json().get("code")
    return (ACCEPTED, None) if code == "Success" else (REJECTED, f"HTTP {reply.status}: {code}")


def verdicts(rows: int, by_row: Mapping[int, Verdict]) -> list[Verdict]:
    return [by_row.get(i, (ACCEPTED, None)) for i in range(rows)]


def refuse_choices(fields: Iterable[str]) -> None:
    """Raises FatalError for a sync that maps what a person has chosen there."""
    mapped: Sequence[str] = [name for name in fields if name.split(".")[0] in CHOICES]
    if mapped:
        raise FatalError(
            f"iterable: the sync maps {', '.join(mapped)}, which only people's own choice may change. Take it out."
        )
