"""The high-water mark of a table with a cursor: how far it was read, as text in raw.pulls."""

from datetime import date, datetime
from typing import Any

from connectors.landing.tables import Landing
from connectors.reading import Request


def believable(request: Request, mark: str, day: date) -> str:
    """A mark that lies ahead of its own day (a source with one row of the year 9999) would hide every row to come."""
    if request.table.columns[str(request.table.cursor)].type not in ("timestamp", "date"):
        return mark
    return min(mark, str(request.settings.end_of_day(day)))


def high_water(landing: Landing, request: Request) -> str | None:
    """The largest cursor among the good rows that are not ahead of the day, as text; never below the old mark."""
    cursor = request.table.cursor
    if not cursor or request.late_keys is not None:  # of late rows: the first reading has booked the mark
        return None
    timely = ""
    if request.table.columns[cursor].type in ("timestamp", "date"):
        timely = f" and \"{cursor}\" < timestamp '{request.end}'"
    largest = landing.db.query(
        f'select max("{cursor}") as mark from {landing.arrived}'
        f" where _n not in (select _n from {landing.part('bad')}){timely}"
    )["mark"][0].as_py()
    if largest is None:
        return request.since
    old_mark = _like(largest, request.since)
    return str(largest if old_mark is None else max(largest, old_mark))


def _like(value: Any, mark: str | None) -> Any:
    """A mark in the type of what was found; None where it is of another, since the cursor's type was changed."""
    try:
        if mark is not None and isinstance(value, datetime | date):
            return type(value).fromisoformat(mark)
        return None if mark is None else type(value)(mark)
    except ValueError:
        return None
