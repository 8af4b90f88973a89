"""Days and instants: the shop lives by London time, its machines write UTC."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

ZONE = ZoneInfo("Europe/London")
DAY_SECONDS = 86_400
SPAN_DAYS = 546  # rates and arrivals are made for eighteen months; a longer or shorter stay changes none of them
NEVER = 10**6


@dataclass(frozen=True, slots=True)
class Day:
    """One local day. `number` counts from the shop's first day; instants are seconds since 1970 in UTC."""

    number: int
    date: date
    start: int  # local midnight
    end: int  # the next local midnight: 23, 24 or 25 hours later
    turn: int  # the instant from which `offset_after` holds
    offset_before: int  # seconds that local time is ahead of UTC
    offset_after: int

    def utc(self, local_seconds: np.ndarray) -> np.ndarray:
        """(n,) seconds on the wall clock since midnight -> (n,) instants of this day; a skipped hour moves an hour
        back.
        """
        midnight = self.start + self.offset_before
        before = midnight + local_seconds.astype(np.int64) - self.offset_before
        after = midnight + local_seconds.astype(np.int64) - self.offset_after
        return np.clip(np.where(before < self.turn, before, after), self.start, self.end - 1)

    def wall_clock(self, instants: np.ndarray) -> np.ndarray:
        """(n,) instants -> what a clock on the wall shows, as if it were seconds since 1970 in UTC."""
        return instants + np.where(instants < self.turn, self.offset_before, self.offset_after)


def days(first_day: date, last_day: date) -> list[Day]:
    return [day_of(first_day, number) for number in range((last_day - first_day).days + 1)]


@lru_cache(maxsize=4096)
def day_of(first_day: date, number: int) -> Day:
    day = first_day + timedelta(days=number)
    start, end = _midnight(day), _midnight(day + timedelta(days=1))
    before, after = _offset(start), _offset(end)
    turn = end if before == after else next(s for s in range(start, end, 900) if _offset(s) == after)
    return Day(number, day, start, end, turn, before, after)


def _midnight(day: date) -> int:
    return int(datetime.combine(day, time(), ZONE).timestamp())


def _offset(instant: int) -> int:
    offset = datetime.fromtimestamp(instant, UTC).astimezone(ZONE).utcoffset()
    assert offset is not None  # a zone always knows its offset
    return int(offset.total_seconds())
