"""Local dates and hours in the marts are those of the project's zone, in each half hour of both days of its clock."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.settings import load_settings

CHANGES = {  # both days of a zone, and the date for which their events are pulled: one that no other zone has
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4), date(2026, 11, 10)),
    "America/Santiago": (date(2026, 4, 4), date(2026, 9, 6), date(2026, 11, 11)),
    "America/Havana": (date(2026, 3, 8), date(2026, 11, 1), date(2026, 11, 12)),
}


@pytest.mark.parametrize("zone", CHANGES)
def test_each_half_hour_of_a_day_of_another_length_has_its_local_date_and_hour(house, zone):
    *changes, pulled_for = CHANGES[zone]
    settings = load_settings(root=house.settings.root, home=house.settings.home, project={"time_zone": zone})
    there = replace(house, settings=settings)
    starts = [datetime(day.year, day.month, day.day) - timedelta(hours=14) for day in changes]
    instants = [start + timedelta(minutes=30 * n) for start in starts for n in range(104)]
    there.land("segment_events__events", pulled_for, [
        {"message_id": f"{zone}{at}", "type": "page", "anonymous_id": "d", "occurred_at": at} for at in instants
    ])  # fmt: skip
    there.build(pulled_for, select="stg_segment_events__events int_events__unioned int_events__distinct")
    found = there.rows(
        "select occurred_at, occurred_on, occurred_hour from intermediate.int_events__distinct"
        f" where _day = '{pulled_for}' order by occurred_at"
    )
    local = [at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)) for at in sorted(instants)]
    assert [(r["occurred_on"], r["occurred_hour"]) for r in found] == [(at.date(), at.hour) for at in local]
    assert {sum(r["occurred_on"] == day for r in found) for day in changes} & {48} == set(), "no day of 24 hours"
