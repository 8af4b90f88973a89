"""A day is a date in the project's zone: pulls take in exactly its rows, on days of 23, 25 or 23½ hours and where
midnight is skipped.
"""

import contextlib
import sqlite3
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from core.settings import load_settings

ZONES = (
    "Europe/London",
    "America/New_York",
    "Australia/Lord_Howe",  # half an hour
    "America/Santiago",  # 00:00 is skipped in September, 23:00 comes twice in April
    "America/Havana",  # 00:00 is skipped in March and comes twice in November
    "Africa/Casablanca",  # the clocks go back before Ramadan and forward after it
)
SOURCE = """
description: What happened, by the database's own clock
defaults: {{url: "sqlite:///{{home}}/shop.sqlite"}}
tables:
  events:
    kind: sql
    table: events
    key: [id]
    cursor: happened_at
    columns:
      id: {{type: integer, required: true}}
      happened_at: {column}
"""


def changes(zone: str) -> list[date]:
    """The local dates of 2026 that are not 24 hours long."""
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    starts = [first_instant(day, zone) for day in days]
    return [
        day for day, (start, end) in zip(days, pairwise(starts), strict=False) if end - start != timedelta(hours=24)
    ]


def first_instant(day: date, zone: str) -> datetime:
    """By looking at every quarter of an hour, and not at how a wall clock is read backwards."""
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=16)
    while at.astimezone(ZoneInfo(zone)).date() < day:
        at += timedelta(minutes=15)
    return at.replace(tzinfo=None)


def half_hours(zone: str) -> tuple[list[date], list[datetime]]:
    """The nights of both changes and of the days after them, and every half hour of theirs (UTC)."""
    nights, instants = [], []
    for change in changes(zone):
        nights += [change, change + timedelta(days=1)]
        at = first_instant(change, zone)
        while at < first_instant(change + timedelta(days=2), zone):
            instants.append(at)
            at += timedelta(minutes=30)
    return nights, instants


def write(project, moments: list[datetime]) -> None:
    with contextlib.closing(sqlite3.connect(project.home / "shop.sqlite", isolation_level=None)) as shop:
        shop.execute("create table events (id integer primary key, happened_at timestamp)")
        shop.executemany("insert into events values (?, ?)", [(i, at.isoformat(" ")) for i, at in enumerate(moments)])


@pytest.mark.parametrize("zone", ZONES)
def test_a_day_ends_where_the_next_date_begins_whatever_the_clock_does_at_midnight(zone, tmp_path):
    settings = load_settings(home=tmp_path, project={"time_zone": zone})
    assert len(changes(zone)) == 2
    for change in changes(zone):
        for day in (change - timedelta(days=1), change, change + timedelta(days=1)):
            assert settings.end_of_day(day) == first_instant(day + timedelta(days=1), zone)


@pytest.mark.parametrize("zone", ["Europe/London", "Australia/Lord_Howe", "America/Santiago", "America/Havana"])
def test_each_night_around_both_clock_changes_brings_in_the_rows_of_its_own_date_and_no_row_is_lost(zone, project):
    project.settings_given = {"project": {"time_zone": zone}}
    project.source(SOURCE.format(column="timestamp"), name="people")
    nights, instants = half_hours(zone)
    write(project, instants)
    for night in nights:
        project.pull(night)
    rows = project.rows("select happened_at, _day from raw.people__events")
    assert len(rows) == len(instants)
    local = {(r["happened_at"].replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date(), r["_day"]) for r in rows}
    assert local == {(night, night) for night in nights}
    lengths = {night: sum(r["_day"] == night for r in rows) / 2 for night in nights}
    assert {hours for night, hours in lengths.items() if night not in changes(zone)} == {24}
    assert 24 not in {lengths[change] for change in changes(zone)}


@pytest.mark.parametrize("zone", ["America/Santiago"])
def test_rows_of_a_database_that_writes_local_time_land_each_once_though_an_hour_comes_twice(zone, project):
    project.settings_given = {"project": {"time_zone": zone}}
    project.source(SOURCE.format(column=f"{{type: timestamp, time_zone: {zone}}}"), name="people")
    nights, instants = half_hours(zone)
    walls = [at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) for at in instants]
    write(project, walls)
    for night in nights:
        project.pull(night)
    rows = {r["id"]: r["_day"] for r in project.rows("select id, _day from raw.people__events")}
    assert rows == {i: wall.date() for i, wall in enumerate(walls)}
