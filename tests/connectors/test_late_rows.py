"""Rows that a cursor would pass by: committed late, stamped with no time a clock shows, or in a snapshot and never
read.
"""

import sqlite3
from datetime import date

import pytest
import yaml

from connectors.check import check
from connectors.understand.scaffold import new_source

SOURCE = """
description: A shop database
defaults: {url: "sqlite:///{home}/shop.sqlite"}
tables:
  people:
    kind: sql
    table: customers
    key: [id]
    cursor: updated_at
    late_days: 1
    max_reject_share: 1
    columns: {id: {type: text, required: true}, name: text, updated_at: timestamp}
"""
SNAPSHOT = SOURCE.replace("late_days: 1", "late_days: 1\n    deletes: snapshot")


@pytest.fixture
def shop(project):
    connection = sqlite3.connect(project.home / "shop.sqlite", isolation_level=None)
    connection.execute("create table customers (id text primary key, name text, updated_at timestamp)")
    project.source(SOURCE)
    yield connection
    connection.close()


def add(shop: sqlite3.Connection, *rows: tuple[str, str, str | None]) -> None:
    shop.executemany("insert or replace into customers values (?, ?, ?)", rows)


def test_a_row_committed_late_is_read_within_the_late_days_and_the_others_are_unchanged(project, shop):
    add(shop, ("1", "Ann", "2026-03-02 12:00:00"), ("2", "Bo", "2026-03-01 09:00:00"))
    project.pull(date(2026, 3, 2))
    add(shop, ("3", "Late", "2026-03-02 09:00:00"))
    entry = project.pull(date(2026, 3, 3))
    assert (entry["rows_in"], entry["rows_landed"], entry["rows_unchanged"]) == (2, 1, 1)


def test_a_cursor_without_late_days_is_told_by_pull_and_doctor_and_a_new_source_declares_them(project, shop):
    add(shop, ("1", "Ann", "2026-03-02 12:00:00"))
    assert not project.pull()["warnings"]
    project.source(SOURCE.replace("    late_days: 1\n", ""))
    assert "late_days" in project.pull()["warnings"][0]
    assert "late_days" in check(project.settings)[-1]["detail"]
    new_source(project.settings, "mine", f"sqlite:///{project.home}/shop.sqlite")
    source_file = yaml.safe_load((project.root / "connectors/sources/mine.yml").read_text())
    assert (
        source_file["tables"]["customers"]["cursor"] == "updated_at"
        and source_file["tables"]["customers"]["late_days"] == 3
    )


def test_rows_that_came_nearly_too_late_are_told_and_a_pull_of_the_past_reads_those_that_were(project, shop):
    project.source(SOURCE.replace("late_days: 1", "late_days: 4"))
    add(shop, ("1", "Ann", "2026-03-02 12:00:00"))
    project.pull(date(2026, 3, 2))
    add(shop, ("2", "Timely", "2026-03-01 09:00:00"))
    assert not project.pull(date(2026, 3, 3))["warnings"]
    add(shop, ("3", "Late", "2026-02-27 09:00:00"), ("4", "Too late", "2026-02-10 09:00:00"))
    entry = project.pull(date(2026, 3, 4))
    assert entry["rows_landed"] == 1 and "1 rows came late, the oldest of 2026-02-27" in entry["warnings"][0]
    assert project.pull(date(2026, 3, 4), first_day=date(2026, 2, 1))["rows_landed"] == 1
    assert len(project.raw("id")) == 4


def test_a_key_in_the_snapshot_that_never_landed_is_fetched_once(project, shop):
    project.source(SNAPSHOT)
    add(shop, ("1", "Ann", "2026-03-02 12:00:00"))
    project.pull(date(2026, 3, 2))
    add(shop, ("it's", "Late", "2026-01-01 09:00:00"), ("4", "Morrow", "2026-03-04 09:00:00"))
    entry = project.pull(date(2026, 3, 3))
    assert (entry["rows_landed"], entry["rows_late"]) == (1, 1)
    assert {r["id"] for r in project.raw("*")} == {"1", "it's"}
    second_pull = project.pull(date(2026, 3, 3))
    assert (second_pull["rows_landed"], second_pull.get("rows_late")) == (0, None)
    assert project.pull(date(2026, 3, 4))["rows_landed"] == 1


def test_a_row_deleted_and_put_back_with_its_old_time_lives_again(project, shop):
    project.source(SNAPSHOT)
    add(shop, ("1", "Ann", "2026-03-02 12:00:00"), ("2", "Bo", "2026-01-01 12:00:00"))
    project.pull(date(2026, 3, 2))
    shop.execute("delete from customers where id = '2'")
    assert project.pull(date(2026, 3, 3))["rows_deleted"] == 1
    add(shop, ("2", "Bo", "2026-01-01 12:00:00"))
    assert project.pull(date(2026, 3, 4))["rows_landed"] == 1
    newest = project.rows("select _is_deleted from raw.people__people where id = '2' order by _pulled_at desc limit 1")
    assert newest == [{"_is_deleted": False}]


def test_many_rows_that_never_landed_are_read_whole(project, shop, monkeypatch):
    monkeypatch.setattr("connectors.table.MOST_FETCHED_KEYS", 2)
    project.source(SNAPSHOT)
    add(shop, ("1", "Ann", "2026-03-02 12:00:00"))
    project.pull(date(2026, 3, 2))
    add(shop, *((f"late {i}", "Late", "2026-01-01 09:00:00") for i in range(5)))
    entry = project.pull(date(2026, 3, 3))
    assert (entry["rows_landed"], entry["rows_late"]) == (5, "many")


def test_a_row_that_is_refused_each_night_is_counted_each_night_and_kept_once(project, shop):
    project.source(SNAPSHOT.replace("name: text", "name: {type: text, values: [Ann]}"))
    add(shop, ("1", "Ann", "2026-03-02 12:00:00"), ("2", "Bo", "2026-01-01 12:00:00"))
    for day in (2, 3, 4):
        entry = project.pull(date(2026, 3, day))
        assert "error" not in entry and entry["rows_rejected"] == 1
    assert len(project.rejects()) == 1


ODD = ("infinity", "-infinity", "0044-03-15 12:00:00 BC", "294276-12-31 00:00:00", "9999-12-31 00:00:00")


def test_no_cursor_of_postgres_is_left_out_and_none_hides_the_rows_to_come(project, postgres):
    import psycopg2

    connection = psycopg2.connect(postgres)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("create table customers (id text primary key, name text, updated_at timestamp)")
        cursor.execute("insert into customers values ('1', 'Ann', '2026-03-01 12:00:00')")
        project.source(SOURCE)
        project.settings_given = {"sources": {"people": {"url": postgres}}}
        assert project.pull(date(2026, 3, 2))["rows_landed"] == 1
        for number, moment in enumerate(ODD):
            cursor.execute("insert into customers values (%s, 'Odd', %s)", [f"odd {number}", moment])
        entry = project.pull(date(2026, 3, 3))
        assert (
            entry["rows_in"] == 1 + len(ODD) and entry["rows_landed"] == 1
        )  # the year 9999 is a time, if a strange one
        cursor.execute("insert into customers values ('2', 'Bo', '2026-03-04 12:00:00')")
        assert project.pull(date(2026, 3, 4))["rows_landed"] == 1
    connection.close()
    assert {r["id"] for r in project.raw("*")} == {"1", "2", "odd 4"}
    assert {r["column_name"] for r in project.rejects()} == {"updated_at"}


def test_a_mark_that_lies_ahead_hides_nothing(project, shop):
    add(shop, ("1", "Ann", "2026-03-01 12:00:00"))
    project.pull(date(2026, 3, 2))
    from core.warehouse import connect

    with connect(project.settings, writer="raw") as db:
        db.execute("update raw.pulls set fingerprint = '9999-12-31 00:00:00'")
    add(shop, ("2", "Bo", "2026-03-03 12:00:00"))
    assert project.pull(date(2026, 3, 3))["rows_landed"] == 1
