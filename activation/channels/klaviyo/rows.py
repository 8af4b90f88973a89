"""How a person or an event is written for Klaviyo, and how its errors name them."""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from activation.channel import ACCEPTED, IN_DOUBT, REJECTED, Results

Verdicts = dict[int, tuple[str, str]]  # by place in the batch: of the rows that are not accepted
# Klaviyo's own attributes of a profile; `location.city` and the like are its address; all else is a custom property.
ATTRIBUTES = frozenset(
    {"email", "phone_number", "external_id", "first_name", "last_name", "organization", "locale", "title", "image"}
)
IDENTIFIERS = ("external_id", "email", "phone_number")
EVENT_FIELDS = ("time", "value", "value_currency")
FILTER_VALUES = 100  # as many as a page of profiles holds, so that a look-up is one call
FILTER_CHARACTERS = 4_000  # of a filter before it is percent-encoded: proxies commonly end a URL at 8 KB
POINTER = re.compile(r"/data/attributes/(?:profiles|events-bulk-create)/data/(\d+)")


def is_standard(field: str) -> bool:
    return field in ATTRIBUTES or field.startswith("location.")


def profile(key: str, row: Mapping[str, Any], own_id: bool, clears: Collection[str] = ()) -> dict[str, Any]:
    """clears   the standard fields to write as null, which the one-profile operation alone heeds

    own_id   our key is the external_id, unless the sync maps another. A custom property that is NULL is unset.
    """
    attributes: dict[str, Any] = {"external_id": key} if own_id else {}
    properties: dict[str, Any] = {}
    unset = []
    for name, value in row.items():
        if not is_standard(name):
            unset.append(name) if value is None else properties.update({name: value})
        elif value is not None or name in clears:
            if name.startswith("location."):
                attributes.setdefault("location", {})[name.removeprefix("location.")] = value
            else:
                attributes[name] = value
    if properties:
        attributes["properties"] = properties
    one: dict[str, Any] = {"type": "profile", "attributes": attributes}
    return {**one, "meta": {"patch_properties": {"unset": unset}}} if unset else one


def event(key: str, row: Mapping[str, Any], metric: str) -> dict[str, Any]:
    """`unique_id` is our key: Klaviyo records a metric's event of a person once under it."""
    properties = {name: value for name, value in row.items() if value is not None}
    who = {name: str(properties.pop(name)) for name in IDENTIFIERS if name in properties}
    name = properties.pop("name", metric)
    own = {field: properties.pop(field) for field in EVENT_FIELDS if field in properties}
    described = {"data": {"type": "metric", "attributes": {"name": name}}}
    happened = {**own, "properties": properties, "metric": described, "unique_id": key}
    return {
        "type": "event-bulk-create",
        "attributes": {
            "profile": {"data": {"type": "profile", "attributes": who}},
            "events": {"data": [{"type": "event", "attributes": happened}]},
        },
    }


def results(rows: int, out: Mapping[int, tuple[str, str]]) -> Results:
    """Accepted, but for the rows in `out`."""
    return Results.of(out.get(i, (ACCEPTED, None)) for i in range(rows))


def nameless(rows: Sequence[Mapping[str, Any]]) -> Verdicts:
    """The rows that Klaviyo could know nobody by."""
    named = (any(row.get(name) for name in IDENTIFIERS) for row in rows)
    return {i: (REJECTED, "nothing to know the person by") for i, has_name in enumerate(named) if not has_name}


def import_job(profiles: list[Any], list_id: str) -> dict[str, Any]:
    return _job("profile-bulk-import-job", "profiles", profiles, {"lists": {"data": [{"type": "list", "id": list_id}]}})


def subscription_job(emails: list[str], list_id: str) -> dict[str, Any]:
    """For e-mail marketing alone; a text message's consent is another matter."""
    wish = {"email": {"marketing": {"consent": "SUBSCRIBED"}}}
    people = [{"type": "profile", "attributes": {"email": email, "subscriptions": wish}} for email in emails]
    kind = "profile-subscription-bulk-create-job"
    return _job(kind, "profiles", people, {"list": {"data": {"type": "list", "id": list_id}}})


def event_job(events: list[Any]) -> dict[str, Any]:
    return _job("event-bulk-create-job", "events-bulk-create", events)


def deletion_job(profile_id: str) -> dict[str, Any]:
    person = {"data": {"type": "profile", "id": profile_id, "attributes": {}}}
    return {"data": {"type": "data-privacy-deletion-job", "attributes": {"profile": person}}}


def _job(kind: str, name: str, items: list[Any], relationships: Any = None) -> dict[str, Any]:
    data = {"type": kind, "attributes": {name: {"data": items}}}
    return {"data": data | ({"relationships": relationships} if relationships else {})}


def held(attributes: Mapping[str, Any], field: str) -> str | None:
    """A profile's value as text; None where it is empty there."""
    if field.startswith("location."):
        value = (attributes.get("location") or {}).get(field.removeprefix("location."))
    else:
        value = (attributes if field in ATTRIBUTES else attributes.get("properties") or {}).get(field)
    return None if value in (None, "") else str(value)


def pointed(error: Mapping[str, Any]) -> int | None:
    """The place in the request of the profile or event that an error is about; None where it is about none of them."""
    match = POINTER.search(str((error.get("source") or {}).get("pointer") or ""))
    return int(match[1]) if match else None


def reason(error: Mapping[str, Any]) -> str:
    """An error without its `detail`, which repeats the value: this text is kept with the job."""
    pointer = str((error.get("source") or {}).get("pointer") or "")
    field = pointer.rpartition("/attributes/")[2] if "/attributes/" in pointer else ""
    return f"{error.get('code')}: {error.get('title')} {field}".rstrip()


def failures(errors: Sequence[Mapping[str, Any]], places: Sequence[int], keys: Sequence[str], failed: int) -> Verdicts:
    """What became of the rows that an import job failed on, of those it was sent (`places` in the batch).

    An error names its row by a pointer, or by the external id in the payload it repeats. Where that leaves failed rows
    unnamed, every row that is not named may be one of them.
    """
    by_key = {keys[i]: i for i in places}
    verdicts: Verdicts = {}
    for error in errors:
        at = pointed(error)
        payload = error.get("original_payload") or {}
        key = (payload.get("attributes") or payload).get("external_id")
        row = places[at] if at is not None and at < len(places) else by_key.get(str(key))
        if row is not None:
            verdicts[row] = (REJECTED, reason(error))
    if failed > len(verdicts) or (errors and not verdicts):
        unnamed = "Klaviyo failed on rows that it does not name"
        return {**dict.fromkeys(places, (IN_DOUBT, unnamed)), **verdicts}
    return verdicts


def filters(field: str, values: Sequence[str]) -> Iterator[str]:
    """`any(field,[…])` over all the values, in pieces that fit a page and a URL."""
    piece: list[str] = []
    length = 0
    for text in (json.dumps(value, ensure_ascii=False) for value in values):
        if piece and (len(piece) == FILTER_VALUES or length + len(text) > FILTER_CHARACTERS):
            yield f"any({field},[{','.join(piece)}])"
            piece, length = [], 0
        piece.append(text)
        length += len(text) + 1
    if piece:
        yield f"any({field},[{','.join(piece)}])"
