"""Members and conversions as Google's Data Manager API takes them. Nothing here is hashed: the keys come prepared."""

from collections.abc import Iterable
from typing import Any

from activation.channel import REJECTED, ChangeBatch
from activation.vendor.ad_events import moment, untimely
from activation.vendor.ad_members import Keys, Verdict

CONTACT = ("email", "phone", "first_name", "last_name", "country", "postal_code")
LISTS = {"contact": CONTACT, "mobile": ("mobile_ad_id",), "user_id": ("external_id",)}  # a list takes one kind of key
CLICKS = ("gclid", "gbraid", "wbraid")
CONSENTS = {"ad_user_data": "adUserData", "ad_personalization": "adPersonalization"}
GRANTED, DENIED = "CONSENT_GRANTED", "CONSENT_DENIED"
ADDRESS = {"first_name": "givenName", "last_name": "familyName", "country": "regionCode", "postal_code": "postalCode"}
NOBODY = {
    "email": "nobody@example.com",
    "mobile_ad_id": "6d92078a-8246-4ba4-ae5b-76104861e7dc",
    "external_id": "nobody",
}


def member(keys: Keys, list_type: str) -> dict[str, Any]:
    if list_type == "mobile":
        return {"mobileData": {"mobileIds": [keys["mobile_ad_id"]]}}
    if list_type == "user_id":
        return {"userIdData": {"userId": keys["external_id"]}}
    return {"userData": {"userIdentifiers": identifiers(keys)}}


def identifiers(keys: Keys) -> list[dict[str, Any]]:
    """One object a kind of key; an address is there with all its four parts, or not at all."""
    names = {"email": "emailAddress", "phone": "phoneNumber"}
    entries: list[dict[str, Any]] = [{theirs: keys[ours]} for ours, theirs in names.items() if ours in keys]
    address = {theirs: keys[ours] for ours, theirs in ADDRESS.items() if ours in keys}
    return [*entries, {"address": address}] if len(address) == len(ADDRESS) else entries


def event(key: str, record: dict[str, Any], keys: Keys, source: str) -> dict[str, Any] | Verdict:
    """A conversion, known by its transactionId; or why it cannot be sent."""
    when, clicks = moment(record.get("occurred_at")), {name: record[name] for name in CLICKS if record.get(name)}
    if fault := untimely(when):
        return fault
    assert when is not None
    if not keys and not clicks:
        return REJECTED, f"nothing to match by: neither {', '.join(CLICKS)} nor a usable contact"
    more = {"conversionValue": record.get("value"), "currency": record.get("currency"), "adIdentifiers": clicks}
    more |= {"userData": {"userIdentifiers": identifiers(keys)}} if keys else {}
    named = {name: value for name, value in more.items() if value not in (None, "", {})}
    stamp = when.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"transactionId": key, "eventTimestamp": stamp, "eventSource": source, **named}


def by_consent(batch: ChangeBatch, rows: Iterable[int]) -> list[tuple[dict[str, str], list[int]]]:
    """Consent is said once a request. A field that is not mapped is granted: all of the audience have given consent.

    A mapped field that is not true is denied, NULL too: nobody said yes.
    """
    mapped = {name: batch.column(name) for name in CONSENTS if name in batch.fields.column_names}
    groups: dict[tuple[str, ...], list[int]] = {}
    for row in rows:
        consents = tuple(DENIED if name in mapped and mapped[name][row] is not True else GRANTED for name in CONSENTS)
        groups.setdefault(consents, []).append(row)
    return [(dict(zip(CONSENTS.values(), consents, strict=True)), at) for consents, at in groups.items()]
