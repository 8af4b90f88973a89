"""Today, and the one question that the wall clock is asked: has this day begun?

What a day holds never depends on it.
"""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from core.errors import ConfigError
from core.settings import Settings


def now() -> datetime:
    """This machine's clock: UTC, naive, as instants stand in the warehouse.

    For people to read; order hangs on run ids and numbers.
    """
    return datetime.now(UTC).replace(tzinfo=None)


def today(settings: Settings) -> date:
    """The date in the project's zone by this machine's clock."""
    return datetime.now(settings.zone).date()


def as_said(instant: datetime, zone: ZoneInfo) -> date | datetime:
    """What a source said: its date where it gave no hour, which lands as midnight in the project's zone or in UTC.

    Shown as an instant it would be 23:00 of the day before. Any other instant as it is, UTC and naive.
    """
    for clock in (instant.replace(tzinfo=UTC).astimezone(zone), instant):
        if clock.time() == time():
            return clock.date()
    return instant


def refuse_later_day(settings: Settings, day: date, reason: str | None) -> None:
    """Raises ConfigError for a day that has not begun. Data stamped with one would hide until that day comes.

    reason   why it is meant all the same: then it passes
    """
    current_day = today(settings)
    if day > current_day and not (reason or "").strip():
        raise ConfigError(
            f"--day {day} is later than today, which is {current_day} in {settings.project.time_zone} by this"
            " machine's clock. Correct the day; where the clock is wrong, set the clock. A day that has not begun"
            " freezes segments and hides rows "
            'until it comes: if you mean it, say --future-day "REASON", which is logged in ops.runs.'
        )
