"""HubSpot's custom events, as a batch of mode append becomes them."""

import uuid
from typing import Any

from activation.channel import ChangeBatch
from activation.channels.hubspot.answers import properties

OWN = frozenset({"email", "objectId", "utk", "occurredAt", "eventName"})  # the rest are the event's properties
EVENT_IDS = uuid.UUID(
    "5c1b4f0e-8f5e-4d4e-9a55-0d8c1f0a7b61"
)  # ours, drawn once: the same event always has the same uuid


def occurrences(batch: ChangeBatch, event_name: str | None) -> list[dict[str, Any]]:
    """In the batch's order; `event_name` where the sync maps no eventName."""
    inputs = []
    for key, row in zip(batch.keys.to_pylist(), batch.records(), strict=True):
        own = {name: row[name] for name in row if name in OWN and row[name] is not None}
        rest = {name: value for name, value in row.items() if name not in OWN and value is not None}
        named = {"eventName": event_name, **own, "uuid": str(uuid.uuid5(EVENT_IDS, key))}
        inputs.append({**named, "properties": properties(rest)})
    return inputs
