"""Databases: incremental by cursor, new versions for changes, tombstones for what is gone, dirt refused row by row."""

import sqlite3
from datetime import date, datetime

import pytest

from connectors.understand.scaffold import new_source

DAY = date(2026, 3, 2)
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
    max_reject_share: 0.9
    columns:
      id: {type: integer, required: true}
      name: text
      email: {type: text, identifier: email}
      points: {type: integer, min: 0}
      updated_at: timestamp
"""
SNAPSHOT = SOURCE.replace("    cursor: updated_at\n    late_days: 1\n", "    deletes: snapshot\n")


@pytest.fixture
def shop(project):
    connection = sqlite3.connect(project.home / "shop.sqlite", isolation_level=None)
    connection.execute(
        "create table customers (id integer primary key, name text, email text, points, updated_at timestamp)"
    )
    project.source(SOURCE)
    yield connection
    connection.close()


def add(shop: sqlite3.Connection, *rows: tuple) -> None:
    shop.executemany("insert or replace into customers values (?, ?, ?, ?, ?)", rows)


def test_rows_land_typed_and_dirt_is_refused_row_by_row(project, shop):
    add(shop, (1, "Ann", "Ann@Example.com", 5, "2026-03-01 10:00:00"), (2, "", None, "many", "2026-03-01T11:00:00Z"),
        (3, "Cy", None, -1, "2026-03-01"), (4, "Di", None, None, "no date"), (5, "Ed", None, 1.0, None))  # fmt: skip
    entry = project.pull()
    assert (entry["rows_in"], entry["rows_landed"], entry["rows_rejected"]) == (5, 2, 3)
    assert [(r["id"], r["points"]) for r in project.raw("id, points, _origin, _line, _row_key")] == [(1, 5), (5, 1)]
    assert {r["column_name"] for r in project.rejects()} == {"points", "updated_at"}
    assert project.raw()[0]["email__normalised"] == "ann@example.com"


def test_an_empty_table_and_a_first_row_of_nulls_are_no_trouble(project, shop):
    assert project.pull()["rows_in"] == 0
    add(shop, (1, None, None, None, "2026-03-01 10:00:00"), (2, "Bo", None, 3, "2026-03-01 10:00:00"))
    assert project.pull()["rows_landed"] == 2


def test_only_what_changed_since_the_mark_less_the_late_days_is_read(project, shop):
    add(shop, *((i, f"n{i}", None, 1, f"2026-02-{i:02} 12:00:00") for i in range(1, 29)))
    assert project.pull(date(2026, 2, 20))["rows_landed"] == 20  # nothing later than the day
    entry = project.pull(date(2026, 2, 25))
    assert (entry["rows_in"], entry["rows_landed"], entry["rows_unchanged"]) == (
        7,
        5,
        2,
    )  # the 19th is the first late day
    second_pull = project.pull(date(2026, 2, 25))
    assert (second_pull["rows_landed"], second_pull["rows_in"]) == (0, 7)


def test_a_changed_row_lands_as_a_new_version_and_so_does_its_return(project, shop):
    project.source(SNAPSHOT)
    for day, name in ((1, "Ann"), (2, "Anne"), (3, "Ann"), (4, "Ann"), (5, "Anne")):
        add(shop, (1, name, None, 1, None))
        assert project.pull(date(2026, 3, day))["rows_landed"] == (0 if day == 4 else 1)
        assert project.pull(date(2026, 3, day))["rows_landed"] == 0
    names = project.rows("select name, _row_key from raw.people__people order by _pulled_at")
    assert [r["name"] for r in names] == ["Ann", "Anne", "Ann", "Anne"] and len({r["_row_key"] for r in names}) == 4


def test_a_deleted_row_gets_a_tombstone_and_may_come_back(project, shop):
    project.source(SNAPSHOT)
    add(shop, (1, "Ann", None, 1, None), (2, "Bo", None, 1, None))
    project.pull(date(2026, 3, 1))
    shop.execute("delete from customers where id = 2")
    assert project.pull(date(2026, 3, 2))["rows_deleted"] == 1
    assert project.pull(date(2026, 3, 2))["rows_deleted"] == 0
    add(shop, (2, "Bo", None, 1, None))
    assert project.pull(date(2026, 3, 3))["rows_landed"] == 1
    rows = project.rows("select name, _is_deleted from raw.people__people where id = 2 order by _pulled_at")
    assert [(r["name"], r["_is_deleted"]) for r in rows] == [("Bo", False), (None, True), ("Bo", False)]
    shop.execute("delete from customers")
    entry = project.pull(date(2026, 3, 4))
    assert "no keys" in entry["warnings"][0] and not entry.get("rows_deleted")


def test_a_query_reads_what_no_table_holds(project, shop):
    add(shop, (1, "Ann", None, 1, "2026-03-01 10:00:00"))
    project.source(
        SOURCE.replace(
            "table: customers", "query: select id, upper(name) as name, email, points, updated_at from customers"
        )
    )
    project.pull()
    assert project.raw()[0]["name"] == "ANN"


def test_a_new_column_lands_and_a_vanished_table_or_file_says_what_is_wrong(project, shop):
    shop.execute("alter table customers add column \"Shoe Size\" text default '42'")
    shop.execute("insert into customers (id, updated_at) values (1, '2026-03-01')")
    assert project.pull()["columns_added"] == ["shoe_size"] and project.raw()[0]["shoe_size"] == "42"
    shop.execute("drop table customers")
    assert "no such table" in project.pull()["error"]
    (project.home / "shop.sqlite").write_bytes(b"rubbish" * 1000)
    assert project.pull()["error_kind"] == "RetryableError"


def test_a_source_that_is_down_does_not_stop_the_others(project, shop):
    from connectors.pull import pull

    add(shop, (1, "Ann", None, 1, "2026-03-01 10:00:00"))
    project.source(SOURCE.replace("sqlite:///{home}/shop.sqlite", "postgresql://u:secret-word@127.0.0.1:1/x"), "away")
    result = pull(project.settings, DAY)
    by_name = {r["source"]: r for r in result["sources"]}
    assert not result["ok"] and by_name["people"]["rows_landed"] == 1
    assert by_name["away"]["error_kind"] == "RetryableError" and "secret-word" not in str(result)
    assert project.rows("select outcome from ops.runs where step = 'pull.away.people'") == [{"outcome": "failed"}]


def test_postgres_is_read_with_its_types(project, postgres):
    import psycopg2

    with psycopg2.connect(postgres) as connection, connection.cursor() as cursor:
        cursor.execute("drop table if exists customers; create table customers (id bigint primary key, name text, "
                       "email varchar(99),"
                       " points numeric, updated_at timestamptz, mood text[], doc jsonb)")  # fmt: skip
        cursor.execute("insert into customers values (1, 'Ann', 'A@B.co', 5, '2026-03-01 12:00:00+02', '{a,b}', "
                       "'{\"x\": 1}'),"
                       " (2, null, null, 1.5, '2026-03-09', null, null)")  # fmt: skip
    connection.close()
    project.source(SOURCE).settings_given = {"sources": {"people": {"url": postgres}}}
    entry = project.pull()
    row = project.raw()[0]
    assert (entry["rows_in"], entry["columns_added"]) == (1, ["mood", "doc"])
    assert (row["id"], row["points"], row["updated_at"], row["doc"]) == (1, 5, datetime(2026, 3, 1, 10), '{"x": 1}')
    later = project.pull(date(2026, 3, 9))
    assert later["rows_rejected"] == 1 and project.rejects()[0]["reason"] == "not an integer"


def test_mariadb_is_read_with_its_types_and_its_instants_in_utc(project, mariadb):
    import pymysql
    from sqlalchemy.engine import make_url

    port = make_url(mariadb).port
    with pymysql.connect(
        host="127.0.0.1", port=port, user="fairlead", password="secret", database="shop"
    ) as connection:
        cursor = connection.cursor()
        cursor.execute("set global time_zone = '+05:00'")  # the server's habits must not move an instant
        cursor.execute("set time_zone = '+00:00'")
        cursor.execute("create table customers (id bigint primary key, name text character set utf8mb4, "
                       "email varchar(99), points decimal(9,2), updated_at timestamp(3) null, "
                       "`odd``name` tinyint(1), doc json)")  # fmt: skip
        cursor.execute("insert into customers values (1, 'Zoë 🐙', 'A@B.co', 5, '2026-03-01 12:00:00.250', 1, "
                       "'{\"x\": 1}'), (2, null, null, 1.5, '2026-03-02 23:59:59', null, null), "
                       "(3, 'Di', null, null, '2026-03-03 00:00:00', 0, null),"
                       " (4, 'Ed', null, null, null, 0, null)")  # fmt: skip
        connection.commit()
    project.source(SOURCE).settings_given = {"sources": {"people": {"url": mariadb}}}
    entry = project.pull()
    assert (entry["rows_in"], entry["rows_landed"], entry["rows_rejected"]) == (3, 2, 1)
    first, last = project.raw()
    assert (first["id"], first["name"], first["points"], first["doc"]) == (1, "Zoë 🐙", 5, '{"x": 1}')
    assert (first["updated_at"], last["updated_at"]) == (datetime(2026, 3, 1, 12, 0, 0, 250_000), None)
    assert project.rejects()[0]["reason"] == "not an integer"
    assert project.pull(date(2026, 3, 3))["rows_landed"] == 1


def test_a_postgres_warehouse_gets_the_same_rows(project, postgres):
    project.source().settings_given = {"warehouse": {"engine": "postgres", "url": postgres}}
    project.data(
        "id,name,email,born,seen_at,spent,kind,shoe\n1,Ann,Ann@Example.com,1980-01-02,2026-07-01 10:00:00,12.5,lead,9\n"
        "1,Ann,Ann@Example.com,1980-01-02,2026-07-01 10:00:00,12.5,lead,9\n0,Bo,,,,,,\nx,Cy,,,,,,\n3,100% 'o',,,,,,\n"
    )
    entry = project.pull()
    assert (entry["rows_landed"], entry["rows_rejected"], entry["columns_added"]) == (3, 2, ["shoe"])
    assert project.pull()["rows_unchanged"] == 3
    assert [r["name"] for r in project.raw("name, _origin, _line, _row_key")] == ["Ann", "Ann", "100% 'o'"]
    assert (
        project.raw()[0]["seen_at"] == datetime(2026, 7, 1, 9)
        and project.raw()[0]["email__normalised"] == "ann@example.com"
    )
    assert [(r["line"], r["reason"]) for r in project.rejects()] == [(4, "not between 1 and …"), (5, "not an integer")]


def test_a_postgres_warehouse_keeps_versions_and_tombstones_too(project, shop, postgres):
    import psycopg2

    with psycopg2.connect(postgres) as connection, connection.cursor() as cursor:
        cursor.execute("drop schema if exists raw cascade; drop schema if exists ops cascade")
    connection.close()
    project.source(SNAPSHOT).settings_given = {"warehouse": {"engine": "postgres", "url": postgres}}
    for day, name in ((1, "Ann"), (2, "Anne"), (3, "Ann")):
        add(shop, (1, name, None, 1, None), (2, "Bo", None, "many", None))
        entry = project.pull(date(2026, 3, day))
        assert (entry["rows_landed"], entry["rows_rejected"]) == (1, 1)
    shop.execute("delete from customers where id = 1")
    project.source(SNAPSHOT.replace("max_reject_share: 0.9", "max_reject_share: 1"))
    assert project.pull(date(2026, 3, 4))["rows_deleted"] == 1
    rows = project.rows("select name, _is_deleted from raw.people__people order by _pulled_at")
    assert [(r["name"], r["_is_deleted"]) for r in rows] == [
        ("Ann", False), ("Anne", False), ("Ann", False), (None, True)
    ]  # fmt: skip
    assert len(project.rejects()) == 1


def test_a_value_that_is_no_utf8_in_sqlite_refuses_its_row_alone(project, shop):
    add(shop, (1, "Ann", None, 5, "2026-03-01 10:00:00"), (3, "Cy", None, None, "2026-03-01 10:00:00"))
    shop.execute("insert into customers values (2, cast(x'48e96c' as text), null, 3, '2026-03-01 10:00:00')")
    entry = project.pull()
    assert (entry["rows_landed"], entry["rows_rejected"]) == (2, 1)
    assert "bytes" in project.rejects()[0]["reason"] or "encoding" in project.rejects()[0]["reason"]


@pytest.mark.parametrize("name", ["what?.sqlite", "no#1.sqlite", "50%20.sqlite"])
def test_the_name_of_an_sqlite_file_is_no_address_and_no_empty_one_is_made_beside_it(project, shop, name):
    add(shop, (1, "Ann", None, 5, "2026-03-01 10:00:00"))
    (project.home / "shop.sqlite").rename(project.home / name)
    project.source(SOURCE.replace("shop.sqlite", name))
    assert project.pull()["rows_landed"] == 1
    outcome = new_source(project.settings, "other", f"sqlite:///{project.home}/{name}")
    assert "connectors/sources/other.yml" in outcome["files"]
    assert [p.name for p in project.home.glob("*") if "sqlite" in p.name or p.name in ("what", "no")] == [name]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p@hush-hush@127.0.0.1:1/db", "mysql://u:p@hush-hush@127.0.0.1:1/db",
        "postgresql://u:pa/hush-hush@127.0.0.1:1/db",
        "postgresql://u:pa#hush-hush@127.0.0.1:1/db", "postgresql://u:hush-hush@127.0.0.1:1x/db",
        "postgresql://u:p%zhush-hush@127.0.0.1:1/db",
        "u:hush-hush@127.0.0.1:1/db", "oracle://u:hush-hush@127.0.0.1:1/db",
        "postgresql://u:p[hush-hush@127.0.0.1:1/db",
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_understood_is_told_without_any_part_of_its_password(project, url):
    from connectors.understand.looking.look import looked_at
    from core.errors import ConfigError

    project.source(SOURCE).settings_given = {"sources": {"people": {"url": url}}}
    entry = project.pull()
    assert entry["error_kind"] == "ConfigError" and "its url" in entry["error"]
    assert "hush" not in str([entry, project.rows("select * from ops.runs")])
    if "://" in url:
        with pytest.raises(ConfigError, match="its url") as outcome, looked_at(project.settings, url):
            pass
        assert "hush" not in str(outcome.value)


def test_what_a_driver_says_holds_neither_the_address_nor_a_password_of_it():
    from connectors.kinds.database import Database

    database = Database("postgresql://u:hush%2Fhush@h/db?sslpassword=more-hush", "postgresql")
    assert database.hidden("no hush/hush and no hush%2Fhush, no more-hush\nbut more") == "no … and no …, no …"
