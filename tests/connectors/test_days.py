"""A row belongs to the day for which it was pulled, if that had begun: a slip of one digit neither hides it nor makes
it older.
"""

import os
import sqlite3
from datetime import date, timedelta

import pytest

from connectors.rewind import rewind
from core.clock import now, today
from core.warehouse import connect

DAY, LATER = date(2026, 3, 2), date(2027, 3, 2)
DATABASE = """
description: A shop database
defaults: {url: "sqlite:///{home}/shop.sqlite"}
tables:
  people:
    kind: sql
    table: customers
    key: [id]
    cursor: updated_at
    columns:
      id: {type: integer, required: true}
      name: text
      updated_at: timestamp
"""
FILES = """
description: Files that say no day
defaults: {path: "{home}/in"}
tables:
  people:
    kind: files
    pattern: "people*.csv"
    columns: {id: {type: integer, required: true}, name: text}
"""


@pytest.fixture
def shop(project):
    connection = sqlite3.connect(project.home / "shop.sqlite", isolation_level=None)
    connection.execute("create table customers (id integer primary key, name text, updated_at timestamp)")
    connection.execute(
        "insert into customers values (1, 'Ann', '2026-03-01 10:00:00'), (2, 'Bo', '2026-03-01 11:00:00')"
    )
    project.source(DATABASE)
    yield connection
    connection.close()


def days(project) -> list[tuple[str, date]]:
    return [(row["name"], row["_day"]) for row in project.raw("name, _day")]


def test_rows_of_a_database_pulled_for_a_later_day_take_the_right_day_when_they_are_seen_again(project, shop):
    project.pull(LATER)
    shop.execute("insert into customers values (3, 'Cy', '2026-03-02 10:00:00')")
    entry = project.pull(DAY)
    assert (entry["rows_landed"], entry["rows_unchanged"], entry["rows_moved_to_an_earlier_day"]) == (1, 2, 2)
    assert sorted(days(project)) == [("Ann", DAY), ("Bo", DAY), ("Cy", DAY)]
    second_pull = project.pull(DAY + timedelta(days=1))
    assert "rows_moved_to_an_earlier_day" not in second_pull and {day for _, day in days(project)} == {DAY}


def test_files_pulled_for_a_later_day_are_read_again_and_their_equal_lines_stay_two(project):
    project.source(FILES)
    project.data("id,name\n1,Ann\n1,Ann\n2,Bo\n", "people1.csv")
    project.pull(LATER)
    entry = project.pull(DAY)
    assert (entry["rows_in"], entry["rows_unchanged"], entry["rows_moved_to_an_earlier_day"]) == (3, 3, 3)
    assert sorted(days(project)) == [("Ann", DAY), ("Ann", DAY), ("Bo", DAY)]
    assert project.pull(DAY)["rows_in"] == 0, "and then the file is known"


def test_a_changed_row_takes_the_day_on_which_it_changed_and_its_older_version_keeps_its_own(project, shop):
    project.pull(DAY)
    shop.execute("update customers set name = 'Anna', updated_at = '2026-03-03 09:00:00' where id = 1")
    project.pull(LATER)
    project.pull(DAY + timedelta(days=1))
    assert sorted(days(project)) == [("Ann", DAY), ("Anna", DAY + timedelta(days=1)), ("Bo", DAY)]


def test_rewind_dates_what_came_before_its_day_to_the_day_on_which_it_came_and_has_it_read_again(project):
    project.source(FILES)
    project.data("id,name\n1,Ann\n", "people1.csv")
    project.pull(DAY)
    project.data("id,name\n2,Bo\n", "people2.csv")
    project.pull(LATER)
    preview = rewind(project.settings, DAY, apply=False)
    assert {part["table"]: part["rows"] for part in preview} == {"raw.people__people": 1, "raw.pulls": 1}
    assert sorted(days(project)) == [("Ann", DAY), ("Bo", LATER)], "shown is not done"
    assert rewind(project.settings, DAY, apply=True) == preview
    assert sorted(days(project)) == [("Ann", DAY), ("Bo", today(project.settings))]
    assert rewind(project.settings, DAY, apply=False) == []
    entry = project.pull(DAY + timedelta(days=1))
    assert (entry["rows_in"], entry["rows_unchanged"]) == (1, 1), "and has been known since the day on which it came"
    assert sorted(days(project)) == [("Ann", DAY), ("Bo", today(project.settings))]


def test_rewind_leaves_rows_whose_day_had_begun_when_they_were_pulled(project, shop):
    project.pull(DAY)
    project.pull(DAY + timedelta(days=2))
    assert rewind(project.settings, DAY - timedelta(days=30), apply=True) == []
    assert {day for _, day in days(project)} == {DAY}


def test_a_pull_for_an_earlier_day_by_a_slip_makes_no_row_of_an_overwritten_file_older(project):
    project.source(FILES)
    project.data("id,name\n1,Ann\n", "people1.csv")
    project.pull(DAY)
    slip = DAY - timedelta(days=365)
    assert project.pull(slip)["rows_in"] == 0, "the file is known"
    project.data("id,name\n1,Ann\n2,Bo\n", "people1.csv")
    entry = project.pull(slip)
    assert (entry["rows_unchanged"], "rows_moved_to_an_earlier_day" in entry) == (1, False)
    assert sorted(days(project)) == [("Ann", DAY), ("Bo", slip)]
    assert any(f"people1.csv was pulled for {DAY} before" in w for w in entry["warnings"])


def test_a_pull_for_an_earlier_day_makes_no_row_of_a_database_older(project, shop):
    project.source(DATABASE.replace("    cursor: updated_at\n", ""))
    project.pull(DAY)
    assert project.pull(DAY - timedelta(days=365))["rows_unchanged"] == 2
    assert {day for _, day in days(project)} == {DAY}


def test_rewind_takes_back_what_a_clock_that_ran_ahead_has_dated_and_the_refused_rows_too(project):
    project.source(FILES)
    project.data("id,name\n1,Ann\n", "people1.csv")
    project.pull(DAY)
    with connect(project.settings, writer="raw") as db:
        db.execute(
            "update raw.people__people set _day = date '2027-03-02', _pulled_at = timestamp '2027-03-02 10:00:00'"
        )
        db.execute("update raw.pulls set day = date '2027-03-02', pulled_at = timestamp '2027-03-02 10:00:00'")
        columns = ", ".join(db.columns("raw.people__people"))
        db.execute(
            f"insert into raw.people__people__refused ({columns}, _mended_day)"
            f" select {columns}, date '2027-03-02' from raw.people__people"
        )
    rewind(project.settings, DAY, apply=True)
    refused_rows = project.raw("name, _day, _mended_day", "people__people__refused")
    now_day = today(project.settings)
    assert days(project) == [("Ann", now_day)] and refused_rows == [
        {"name": "Ann", "_day": now_day, "_mended_day": now_day}
    ]


WISHES = """
description: What people have chosen
defaults: {path: "{home}/in"}
tables:
  people:
    kind: files
    pattern: "people.csv"
    max_reject_share: 1
    key: [row]
    columns: {row: {type: text, required: true}, status: text, said_at: timestamp}
"""
HEADER, REFUSED_ROW, RIGHT_ROW = "row,status,said_at\n", "1,stop,yesterday\n", "1,stop,2026-03-01 10:00:00\n"


@pytest.fixture
def wishes(project):
    """A table whose refused rows may be noes."""
    model = project.root / "dbt_project/models/staging/people/stg_people__consents.sql"
    model.parent.mkdir(parents=True)
    model.write_text("select * from {{ source('raw', 'people__people') }}")
    project.source(WISHES)
    return project


def refused_days(project) -> list[tuple[date, date | None]]:
    return [(row["_day"], row["_mended_day"]) for row in project.raw("_day, _mended_day", "people__people__refused")]


@pytest.mark.parametrize("another_row", ["", "2,stop,2026-03-01 10:00:00\n"], ids=["the same file", "a longer file"])
def test_a_refused_row_pulled_for_a_later_day_takes_the_right_day_when_it_is_seen_again(wishes, another_row):
    wishes.data(HEADER + REFUSED_ROW, "people.csv")
    wishes.pull(LATER)
    assert refused_days(wishes) == [(LATER, None)]
    wishes.data(HEADER + another_row + REFUSED_ROW, "people.csv")
    wishes.pull(DAY)
    assert refused_days(wishes) == [(DAY, None)], "and is not kept twice"
    wishes.pull(DAY + timedelta(days=1))
    assert refused_days(wishes) == [(DAY, None)]


def test_a_table_that_is_held_back_has_its_refused_rows_dated_rightly_too(wishes):
    wishes.source(WISHES.replace("max_reject_share: 1", "max_reject_share: 0.1"))
    wishes.data(HEADER + REFUSED_ROW, "people.csv")
    assert "error" in wishes.pull(LATER) and "error" in wishes.pull(DAY)
    assert refused_days(wishes) == [(DAY, None)]


def test_a_refused_row_of_a_later_day_is_put_right_from_the_day_on_which_it_really_came(wishes):
    now_day = today(wishes.settings)
    wishes.data(HEADER + REFUSED_ROW, "people.csv")
    wishes.pull(LATER)
    wishes.data(HEADER + RIGHT_ROW, "people.csv")
    wishes.pull(now_day)
    assert refused_days(wishes) == [(now_day, now_day)]


def test_what_a_pull_for_a_later_day_has_put_right_is_right_from_the_day_on_which_it_is_seen_again(wishes):
    wishes.data(HEADER + REFUSED_ROW, "people.csv")
    wishes.pull(DAY)
    wishes.data(HEADER + RIGHT_ROW, "people.csv")
    wishes.pull(LATER)
    assert refused_days(wishes) == [(DAY, LATER)]
    for days_after in (1, 2):
        wishes.pull(DAY + timedelta(days=days_after))
        assert refused_days(wishes) == [(DAY, DAY + timedelta(days=1))]


def test_a_pull_for_an_earlier_day_by_a_slip_makes_no_refused_row_older(wishes):
    wishes.data(HEADER + REFUSED_ROW, "people.csv")
    wishes.pull(DAY)
    wishes.data(HEADER + REFUSED_ROW + "2,yes,2026-03-01 10:00:00\n", "people.csv")
    wishes.pull(DAY - timedelta(days=365))
    assert refused_days(wishes) == [(DAY, None)]


def test_what_comes_last_is_the_newest_though_the_clock_has_gone_back(project, monkeypatch):
    """Two pulls of one day, on a host that was set right between them, or on two: a no would hide behind a yes."""
    project.source(FILES.replace("    columns:", "    key: [id]\n    columns:"))
    project.data("id,name\n1,yes\n", "people1.csv")
    project.pull(DAY)
    hours_ago = now() - timedelta(hours=3)
    for place in ("connectors.landing.tables.now", "connectors.pull.now"):
        monkeypatch.setattr(place, lambda: hours_ago, raising=False)
    for name in ("no", "yes", "no"):
        project.data(f"id,name\n1,{name}\n", "people1.csv")
        os.utime(project.home / "in/people1.csv", ns=(0, len(project.raw("id"))))
        assert project.pull(DAY)["rows_landed"] == 1
        newest = project.rows("select name from raw.people__people order by _day desc, _pulled_at desc limit 1")
        assert newest == [{"name": name}], newest
