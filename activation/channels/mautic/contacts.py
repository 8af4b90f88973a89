"""Mautic's batches of contacts: what goes in, and which answer is whose.

Source  https://devdocs.mautic.org/en/latest/rest_api/contacts.html: an answer's `contacts` and `errors` have the keys
        of the request's rows; PHP writes them as a list where none is missing and as an object where one is.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from activation.channel import MaybeSent

NEVER_SENT = frozenset({"doNotContact", "id"})  # the first could take back somebody's word; the second is ours to say


def contact(row: Mapping[str, Any], id_field: str, name: str, contact_id: int | None) -> dict[str, Any]:
    """A blank clears a field only where Mautic is told that blanks are meant."""
    body = {key: "" if value is None else value for key, value in row.items() if key not in NEVER_SENT}
    blank = {"overwriteWithBlank": True} if any(value is None for value in row.values()) else {}
    identity = {"id": contact_id} if contact_id is not None else {}
    return {**body, id_field: name, **blank, **identity}


def by_key(part: Any) -> dict[int, Any]:
    """Request row -> what the answer has of it."""
    if isinstance(part, list):
        return dict(enumerate(part))
    return {int(key): value for key, value in part.items()} if isinstance(part, dict) else {}


def outcomes(content: Any, count: int) -> tuple[dict[int, dict[str, Any]], dict[int, tuple[int, str]]]:
    """(row -> contact, row -> (code, why not)). Raises MaybeSent where a row has neither."""
    if not isinstance(content, dict):
        raise MaybeSent("mautic: an answer that is no object")
    codes = by_key(content.get("statusCodes"))
    errors = by_key(content.get("errors"))
    failed = {row: (int(e.get("code") or 0), str(e.get("message") or "no message")) for row, e in errors.items() if e}
    failed |= {row: (code, f"status {code}") for row, code in codes.items() if code >= 400 and row not in failed}
    contacts = {row: c for row, c in by_key(content.get("contacts")).items() if c and c.get("id") and row not in failed}
    if contacts.keys() | failed.keys() != set(range(count)):
        raise MaybeSent("mautic: an answer that does not speak of every contact")
    return contacts, failed


def held(person: Mapping[str, Any], field: str) -> str:
    """A field's value, as contacts carry it in `fields.all`."""
    fields = person.get("fields") or {}
    return str((fields.get("all") or {}).get(field) or "") if isinstance(fields, dict) else ""


def refuses(person: Mapping[str, Any], channel: str) -> bool:
    """Whether a do-not-contact entry stands for this channel: unsubscribed, bounced, or set by hand."""
    entries: Sequence[Mapping[str, Any]] = person.get("doNotContact") or []
    return any(entry.get("channel") == channel and entry.get("reason") for entry in entries)
