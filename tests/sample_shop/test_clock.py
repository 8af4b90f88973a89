"""Local days of 23, 24 and 25 hours."""

from datetime import UTC, date, datetime

import numpy as np
import pytest

from sample_shop.clock import day_of

FIRST = date(2024, 9, 30)


def on(day: date):
    return day_of(FIRST, (day - FIRST).days)


@pytest.mark.parametrize(("day", "hours"), [(date(2025, 10, 26), 25), (date(2026, 3, 29), 23), (date(2026, 3, 28), 24)])
def test_a_day_ends_where_the_next_begins(day, hours):
    assert on(day).end - on(day).start == hours * 3600
    assert on(day).end == day_of(FIRST, on(day).number + 1).start


def test_noon_is_noon_on_both_sides_of_the_change():
    for day, utc_hour in (
        (date(2026, 3, 28), 12),
        (date(2026, 3, 29), 11),
        (date(2025, 10, 25), 11),
        (date(2025, 10, 26), 12),
    ):
        instant = int(on(day).utc(np.array([12 * 3600]))[0])
        assert datetime.fromtimestamp(instant, UTC).hour == utc_hour


def test_every_instant_of_an_ordinary_day_comes_back_from_the_wall_clock():
    for day in (date(2025, 7, 1), date(2026, 1, 5)):
        seconds = np.arange(0, 86_400, 97)
        instants = on(day).utc(seconds)
        midnight = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
        assert (on(day).wall_clock(instants) - midnight == seconds).all()


def test_the_hour_that_comes_twice_is_shown_twice_and_the_skipped_one_never():
    autumn, spring = on(date(2025, 10, 26)), on(date(2026, 3, 29))
    minutes = autumn.wall_clock(np.arange(autumn.start, autumn.end, 60)) // 60 % 1440
    assert np.bincount(minutes, minlength=1440)[60:120].tolist() == [2] * 60
    minutes = spring.wall_clock(np.arange(spring.start, spring.end, 60)) // 60 % 1440
    assert np.bincount(minutes, minlength=1440)[60:120].tolist() == [0] * 60


def test_one_till_shows_a_time_that_never_was_and_the_kiosk_sells_twice_between_one_and_two(shop):
    spring = shop.path("till/till-2026-03-29.csv").read_text("windows-1252")
    skipped_rows = {
        line.split(";")[0] for line in spring.splitlines() if ";2026-03-29 01:" in line and line.count(";") == 9
    }
    assert len(skipped_rows) == 1
