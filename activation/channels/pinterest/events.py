"""Conversions as Pinterest takes them, and what it says of each."""

from typing import Any

from activation.channel import IN_DOUBT, REJECTED, BatchRejected
from activation.vendor.ad_events import moment, untimely
from activation.vendor.ad_members import Keys, Verdict
from activation.vendor.http import Reply

USER_DATA = {
    "email": "em", "mobile_ad_id": "hashed_maids", "phone": "ph", "first_name": "fn",
    "last_name": "ln", "city": "ct", "region": "st",
    "postal_code": "zp", "country": "country", "birth_date": "db", "gender": "ge", "external_id": "external_id",
}  # fmt: skip
CLIENT = ("client_ip_address", "client_user_agent", "click_id")  # of the browser: sent as they are
PAIR = {"client_ip_address", "client_user_agent"}  # enough to match by, without an e-mail or a device


def event(
    key: str, record: dict[str, Any], keys: Keys, why_not: str | None, name: str, source: str
) -> dict[str, Any] | Verdict:
    """A conversion, known by its event_id; or why it cannot be sent."""
    when = moment(record.get("occurred_at"))
    if fault := untimely(when):
        return fault
    assert when is not None
    client = {field: record[field] for field in CLIENT if record.get(field)}
    if not keys and not client.keys() >= PAIR:
        return REJECTED, why_not or "nothing to match by"
    value = record.get("value")
    money = {"value": None if value is None else str(value), "currency": record.get("currency")}
    more = {"event_source_url": record.get("event_source_url"), "custom_data": {k: v for k, v in money.items() if v}}
    return {
        "event_name": record.get("event_name") or name, "action_source": source,
        "event_time": int(when.timestamp()), "event_id": key,
        "user_data": {**{USER_DATA[field]: [one] for field, one in keys.items()}, **client},
        **{k: v for k, v in more.items() if v},
    }  # fmt: skip


def event_verdicts(reply: Reply, rows: list[int], may_repeat: bool) -> dict[int, Verdict]:
    """Of the rows in the request's order, those that Pinterest did not process (HTTP 200 and 422 both tell).

    may_repeat   an event that arrives twice is counted once: a 422 that tells of nobody is split; else all is in doubt
    """
    content = reply.json()
    details = content.get("details") if isinstance(content, dict) else None
    events = content.get("events") if isinstance(content, dict) else None
    events = events or (details.get("events") if isinstance(details, dict) else None) or []
    if len(events) == len(rows):
        pairs = zip(rows, events, strict=True)
        return {
            row: (REJECTED, str(one.get("error_message") or "failed"))
            for row, one in pairs
            if one.get("status") != "processed"
        }
    if reply.status == 422 and may_repeat:
        raise BatchRejected(reply.words())
    return dict.fromkeys(rows, (IN_DOUBT, f"Pinterest told of {len(events)} of {len(rows)} events"))
