"""Posts with a due time: the field `due_at` of a row."""

from datetime import UTC, datetime
from typing import Any

from core.errors import RecordError

FIELD = "due_at"


def due(values: dict[str, Any]) -> datetime | None:
    """When the row is due; aware, UTC where it names no zone. None: at once. Raises RecordError for what is no time."""
    value = values.get(FIELD)
    if value is None or value == "":
        return None
    try:
        when = datetime.fromisoformat(str(value))
    except ValueError:
        raise RecordError(f"{FIELD} is no time as 2026-01-15T09:30:00Z") from None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def stamp(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
