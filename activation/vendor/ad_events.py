"""Conversions as ad platforms take them: when, for how much, and by whom."""

from datetime import UTC, datetime
from typing import Any

from activation.channel import REJECTED
from activation.vendor.ad_members import Verdict

EVENT_FIELDS = ("occurred_at", "value", "currency")


def moment(value: Any) -> datetime | None:
    """An instant in UTC, from ISO 8601 text (without a zone: UTC, as everywhere in Fairlead) or seconds since 1970."""
    if value is None or isinstance(value, bool):
        return None
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        when = datetime.fromisoformat(str(value).strip())
    except (ValueError, OverflowError, OSError):
        return None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)


def untimely(when: datetime | None, oldest_days: float | None = None) -> Verdict | None:
    """Why an event of this time cannot be sent; None when it can."""
    if when is None:
        return REJECTED, "occurred_at: no readable time"
    if oldest_days is not None and (datetime.now(UTC) - when).total_seconds() > oldest_days * 86_400:
        return REJECTED, f"occurred_at: more than {oldest_days:g} days ago"
    return None
