"""Who of a batch is known to Klaviyo, and what each has decided there."""

from collections.abc import Mapping
from typing import Any

from activation.channel import ChangeBatch
from activation.channels.klaviyo.calls import Calls
from activation.channels.klaviyo.rows import IDENTIFIERS

Profile = Mapping[str, Any]
CONSENT = {"fields[profile]": ",".join((*IDENTIFIERS, "subscriptions")), "additional-fields[profile]": "subscriptions"}
ALL = {
    "fields[profile]": ",".join(
        (*IDENTIFIERS, "first_name,last_name,organization,locale,title,image,location,properties")
    )
}


def external_ids(batch: ChangeBatch, own_id: bool) -> list[str | None]:
    """What the sync maps to external_id; else our key, where that is ours to set."""
    if "external_id" in batch.fields.column_names:
        return batch.column("external_id")
    return batch.keys.to_pylist() if own_id else [None] * len(batch)


def profiles_of(calls: Calls, batch: ChangeBatch, own_id: bool, extra: Mapping[str, str]) -> list[list[Profile]]:
    """For each row the profiles that have its external id, or its address of now or before; each once."""
    values = {name: list(zip(batch.column(name), batch.earlier(name), strict=True)) for name in IDENTIFIERS}
    values["external_id"] = [(value, None) for value in external_ids(batch, own_id)]
    profiles = {name: calls.find(name, {v for pair in pairs for v in pair}, extra) for name, pairs in values.items()}

    def of_row(i: int) -> list[Profile]:
        named = ((name, value) for name, pairs in values.items() for value in pairs[i] if value)
        every = [one for name, value in named for one in profiles[name].get(str(value).casefold(), [])]
        return list({one["id"]: one for one in every}.values())

    return [of_row(i) for i in range(len(batch))]


def without_others(people: list[list[Profile]], ids: list[str | None]) -> list[list[Profile]]:
    """Less the profiles of other people of ours who have the same address: their external id is another."""
    return [
        [one for one in row if mine is None or one["attributes"].get("external_id") in (None, "", mine)]
        for row, mine in zip(people, ids, strict=True)
    ]


def refusal(person: Profile, list_id: str) -> str | None:
    """Why this profile must not be subscribed to e-mail; None when nothing stands against it."""
    consent = _marketing(person)
    if consent.get("consent") == "UNSUBSCRIBED":
        return "has unsubscribed at Klaviyo"
    if consent.get("suppression"):
        return f"is suppressed at Klaviyo: {consent['suppression'][0].get('reason')}"
    if any(one.get("list_id") == list_id for one in consent.get("list_suppressions") or []):
        return "has left this list at Klaviyo"
    return None


def is_subscribed(person: Profile) -> bool:
    return bool(_marketing(person).get("consent") == "SUBSCRIBED")


def _marketing(person: Profile) -> dict[str, Any]:
    subscriptions = person["attributes"].get("subscriptions") or {}
    return (subscriptions.get("email") or {}).get("marketing") or {}
