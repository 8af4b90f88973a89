"""A source file that is mended after a pull: it is noticed, and `pull --again` reads the old rows by it."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from connectors.again import again
from connectors.check import check
from connectors.landing import write
from core.errors import ConfigError
from core.warehouse import connect
from tests.connectors.conftest import Project

DAY = date(2026, 3, 2)
NEXT = DAY + timedelta(days=1)
ORDERS = """
description: Orders
defaults: {path: "{home}/in"}
tables:
  orders:
    kind: files
    pattern: "*.csv"
    max_reject_share: 0.5
    key: [id]
    columns:
      id: {type: text, required: true}
      placed_at: timestamp
      total: text
"""
ROWS = "id,placed_at,total\no1,2026-03-01 12:00:00,10.5\no2,2026-03-01 13:00:00,7\n"
CONSENTS = """
description: Consents
defaults: {path: "{home}/in"}
tables:
  consents:
    kind: files
    pattern: "*.csv"
    max_reject_share: 0.9
    key: [id]
    columns:
      id: {type: text, required: true}
      email: {type: text, identifier: email}
      status: {type: text, required: true, values: [granted]}
      said_at: timestamp
"""


@pytest.fixture
def plain_project(tmp_path):
    return Project(tmp_path)


@pytest.fixture(params=["duckdb", pytest.param("postgres", marks=pytest.mark.postgres)])
def project(project, request):
    """On both engines; each test finds an empty warehouse."""
    if request.param == "postgres":
        url = request.getfixturevalue("postgres")
        with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
            cursor.execute("drop schema if exists raw cascade")
        project.settings_given = {"warehouse": {"engine": "postgres", "url": url}}
    return project


@pytest.fixture
def shop(project):
    project.source(ORDERS, "shop").data(ROWS, "a.csv")
    project.pull(DAY, source="shop")
    return project


@pytest.fixture
def consents(project):
    """A table that feeds consents; two rows of three are refused."""
    _stage_consents(project)
    project.source(CONSENTS, "list").data(
        "id,email,status,said_at\nc1,ann@example.com,granted,2026-02-01\nc2,bob@example.com,withdrawn,2026-02-02\n"
        "c3,cat@example.com,withdrawn,no date\n",
        "a.csv",
    )
    project.pull(DAY, source="list")
    return project


def _stage_consents(project) -> None:
    staging = project.root / "dbt_project/models/staging/list"
    staging.mkdir(parents=True)
    (staging / "stg_list__consents.sql").write_text("select * from {{ source('raw', 'list__consents') }}")


def mend(project, old: str, new: str, name: str = "shop") -> None:
    path = project.root / "connectors/sources" / f"{name}.yml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def read(project, where: str = "shop.orders") -> dict[str, Any]:
    answer = again(project.settings, where)
    (result,) = answer["sources"]
    assert answer["ok"], result["error"]
    return result


def everything(project, name: str) -> list[Any]:
    """Each table of raw with all that stands in it, the diary of pulls left out."""
    names = project.rows("select table_name n from information_schema.tables where table_schema = 'raw' order by 1")
    tables = [row["n"] for row in names if row["n"] not in ("pulls", "declarations")]
    return [(t, sorted(map(repr, project.rows(f"select * from raw.{t}")))) for t in tables]


def test_a_changed_declaration_is_told_by_the_next_pull_and_by_doctor(shop):
    assert not shop.pull(NEXT, source="shop")["warnings"]
    mend(shop, "placed_at: timestamp", "placed_at: {type: timestamp, time_zone: Europe/Berlin}")
    mend(shop, "max_reject_share: 0.5", "max_reject_share: 0.4\n    nulls: [NA]")
    for _ in range(2):
        (warning,) = shop.pull(NEXT, source="shop")["warnings"]
        assert "placed_at, nulls" in warning and "fairlead pull --again shop.orders" in warning
    assert "pull --again shop.orders" in " ".join(c["detail"] for c in check(shop.settings))
    read(shop)
    assert not shop.pull(NEXT, source="shop")["warnings"]
    assert "--again" not in " ".join(c["detail"] for c in check(shop.settings))


def test_what_is_no_reading_is_not_told(shop):
    mend(shop, "description: Orders", "description: The orders")
    mend(shop, "max_reject_share: 0.5", "max_reject_share: 0.4\n    freshness_days: 3000\n    missing: ok")
    assert not shop.pull(NEXT, source="shop")["warnings"]


def test_a_mended_time_zone_moves_the_instants_and_nothing_else(shop):
    before = shop.raw(table="shop__orders")
    mend(shop, "placed_at: timestamp", "placed_at: {type: timestamp, time_zone: Europe/Berlin}")
    shop.pull(NEXT, source="shop")
    result = read(shop)
    assert result["read_anew"] == {"rows_known": 2, "rows_changed": 2, "rows_refused_now": 0, "rows_kept": 0}
    hour = timedelta(hours=1)
    assert shop.raw(table="shop__orders") == [row | {"placed_at": row["placed_at"] - hour} for row in before]


def test_the_second_time_changes_nothing(shop):
    mend(shop, "placed_at: timestamp", "placed_at: {type: timestamp, time_zone: Europe/Berlin}")
    read(shop)
    first = everything(shop, "shop")
    assert read(shop)["read_anew"]["rows_changed"] == 0
    assert everything(shop, "shop") == first


def test_a_mended_type_takes_the_columns_name_and_the_old_values_stay_beside(shop):
    mend(shop, "total: text", "total: number")
    refused = shop.pull(NEXT, source="shop")
    assert "--again shop.orders" in refused["error"]
    read(shop)
    assert shop.raw("total, total__as_text", "shop__orders") == [
        {"total": 10.5, "total__as_text": "10.5"}, {"total": 7.0, "total__as_text": "7"},
    ]  # fmt: skip
    assert "error" not in shop.pull(NEXT, source="shop")


@pytest.mark.postgres
def test_a_view_over_the_old_column_is_in_nobodys_way(project, postgres):
    project.settings_given = {"warehouse": {"engine": "postgres", "url": postgres}}
    with closing(psycopg2.connect(postgres)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("drop schema if exists raw cascade")
    project.source(ORDERS, "shop").data(ROWS, "a.csv")
    project.pull(DAY, source="shop")
    with closing(psycopg2.connect(postgres)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("create view public.stg as select id, total from raw.shop__orders")
    mend(project, "total: text", "total: number")
    read(project)
    assert [row["total"] for row in project.raw(table="shop__orders")] == [10.5, 7.0]


def test_a_type_that_goes_there_and_back_is_read_as_it_was(shop):
    for old, new in (("total: text", "total: number"), ("total: number", "total: text")):
        mend(shop, old, new)
        read(shop)
    assert [row["total"] for row in shop.raw(table="shop__orders")] == ["10.5", "7"]


def test_a_mended_decimal_mapping_and_new_column_are_applied(project):
    project.source(ORDERS.replace("total: text", "total: number"), "shop")
    project.data('id,placed_at,total,net,note\no1,2026-03-01,"1000","8,5",x\n', "a.csv")
    project.pull(DAY, source="shop")
    mend(project, "total: number", "total: {type: number, from: net}\n      note: text")
    mend(project, "    key:", '    decimal: ","\n    key:')
    read(project)
    (row,) = project.raw(table="shop__orders")
    assert (row["total"], row["note"], row["_day"]) == (8.5, "x", DAY)


def test_rows_whose_file_is_gone_stay_as_they_were_read_and_are_told(shop):
    shop.data("id,placed_at,total\no3,2026-03-01 14:00:00,1\n", "b.csv")
    shop.pull(NEXT, source="shop")
    (shop.home / "in" / "a.csv").unlink()
    mend(shop, "placed_at: timestamp", "placed_at: {type: timestamp, time_zone: Europe/Berlin}")
    result = read(shop)
    assert result["read_anew"]["rows_kept"] == 2
    assert "2 rows are not at the source any more" in result["warnings"][0]
    rows = {row["id"]: row for row in shop.raw(table="shop__orders")}
    assert (rows["o1"]["placed_at"].hour, rows["o3"]["placed_at"].hour) == (12, 13)
    assert (rows["o1"]["_day"], rows["o3"]["_day"]) == (DAY, NEXT)


def test_all_files_gone_changes_nothing(shop):
    before = shop.raw(table="shop__orders")
    (shop.home / "in" / "a.csv").unlink()
    mend(shop, "placed_at: timestamp", "placed_at: {type: timestamp, time_zone: Europe/Berlin}")
    assert read(shop)["read_anew"]["rows_kept"] == 2
    assert shop.raw(table="shop__orders") == before


def test_what_is_refused_now_leaves_raw_under_its_day_and_comes_back_under_it(shop):
    shop.pull(NEXT, source="shop")
    before = shop.raw(table="shop__orders")
    mend(shop, "total: text", "total: {type: text, values: ['7']}")
    assert read(shop)["read_anew"]["rows_refused_now"] == 1
    assert [row["id"] for row in shop.raw(table="shop__orders")] == ["o2"]
    assert [(r["day"], r["column_name"]) for r in shop.rejects()] == [(DAY, "total")]
    first = everything(shop, "shop")
    read(shop)
    assert everything(shop, "shop") == first
    mend(shop, "total: {type: text, values: ['7']}", "total: text")
    read(shop)
    after = shop.raw(table="shop__orders")
    assert [row | {"_pulled_at": None} for row in after] == [row | {"_pulled_at": None} for row in before]
    assert not shop.rejects()


def test_a_refusal_for_another_reason_is_told_with_that_reason(shop):
    mend(shop, "total: text", "total: {type: text, values: ['7']}")
    read(shop)
    mend(shop, "total: {type: text, values: ['7']}", "total: {type: text, values: ['7', '8']}")
    read(shop)
    assert [r["reason"] for r in shop.rejects()] == ["not one of 7, 8"]


def test_where_too_many_would_be_refused_nothing_changes(shop):
    before = everything(shop, "shop")
    mend(shop, "total: text", "total: {type: text, values: ['9']}")
    result = again(shop.settings, "shop.orders")["sources"][0]
    assert "would be refused" in result["error"]
    assert everything(shop, "shop") == before


def test_an_error_in_the_middle_leaves_everything_as_it_was(shop, monkeypatch):
    before = everything(shop, "shop")
    mend(shop, "total: text", "total: number")
    monkeypatch.setattr(write, "book", lambda *_: 1 / 0)
    assert "error" in again(shop.settings, "shop.orders")["sources"][0]
    assert everything(shop, "shop") == before


def test_a_kill_leaves_all_of_the_old_reading_or_all_of_the_new(tmp_path, plain_project):
    project = plain_project.source(ORDERS, "shop")
    lines = "".join(f"o{n},2026-03-01 12:00:00,{n}\n" for n in range(20_000))
    project.data("id,placed_at,total\n" + lines, "a.csv")
    project.pull(DAY, source="shop")
    mend(project, "placed_at: timestamp", "placed_at: {type: timestamp, time_zone: Europe/Berlin}")
    mend(project, "total: text", "total: number")
    undisturbed = tmp_path / "undisturbed"
    shutil.copytree(project.home, undisturbed)
    started = time.monotonic()
    assert start(project, undisturbed).wait(120) == 0
    seconds = time.monotonic() - started
    for share in (0.7, 0.85, 0.95):
        process = start(project, project.home)
        time.sleep(seconds * share)
        process.kill()
        process.wait()
        assert hours_and_types(project) in ([(12, "varchar")], [(11, "double")])
    assert start(project, project.home).wait(120) == 0
    assert hours_and_types(project) == [(11, "double")]
    assert len(project.raw("id", "shop__orders")) == 20_000


def start(project, home: Path) -> "subprocess.Popen[bytes]":
    code = (
        "import sys; from connectors.again import again; from core.settings import load_settings;"
        "sys.exit(not again(load_settings(root=sys.argv[1], home=sys.argv[2]), 'shop.orders')['ok'])"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FAIRLEAD_")}
    return subprocess.Popen(
        [sys.executable, "-c", code, str(project.root), str(home)],
        cwd=Path(__file__).resolve().parents[2], env=environment,
    )  # fmt: skip


def hours_and_types(project) -> list[tuple[int, str]]:
    with connect(project.settings) as db:
        kind = db.columns("raw.shop__orders")["total"]
    rows = project.rows("select distinct extract(hour from placed_at) as hour from raw.shop__orders")
    return [(int(row["hour"]), kind) for row in rows]


def test_equal_lines_and_a_way_back_are_read_anew_too(project):
    """Two equal lines; and a key that went A, B, A: its third version has an id of its own."""
    project.source(ORDERS.replace('pattern: "*.csv"', "pattern: all.csv"), "shop")
    for day, total in ((DAY, 1), (NEXT, 2), (NEXT + timedelta(days=1), 1)):
        project.data(f"id,placed_at,total\no1,2026-03-01 12:00:00,{total}\n", "all.csv")
        project.pull(day, source="shop")
    project.data("id,placed_at,total\no1,2026-03-01 12:00:00,1\no2,2026-03-01,5\no2,2026-03-01,5\n", "all.csv")
    project.pull(NEXT + timedelta(days=2), source="shop")
    assert len(project.raw(table="shop__orders")) == 5
    mend(project, "placed_at: timestamp", "placed_at: {type: timestamp, time_zone: Europe/Berlin}")
    assert read(project)["read_anew"] == {"rows_known": 4, "rows_changed": 4, "rows_refused_now": 0, "rows_kept": 1}
    hours = [(row["total"], row["placed_at"].hour) for row in project.raw(table="shop__orders") if row["id"] == "o1"]
    assert sorted(hours) == [("1", 11), ("1", 11), ("2", 12)]


def test_another_encoding_is_known_by_its_lines(project):
    project.source(ORDERS.replace("kind: files", "kind: files\n    encoding: latin-1"), "shop")
    project.data("id,placed_at,total\no1,2026-03-01,Peña\no2,2026-03-01,plain\n".encode(), "a.csv")
    project.pull(DAY, source="shop")
    mend(project, "encoding: latin-1", "encoding: utf-8")
    assert read(project)["read_anew"]["rows_kept"] == 0
    assert [(row["total"], row["_day"]) for row in project.raw(table="shop__orders")] == [("Peña", DAY), ("plain", DAY)]
    first = everything(project, "shop")
    read(project)
    assert everything(project, "shop") == first


def test_refused_consents_land_under_the_day_on_which_they_were_refused(consents):
    assert len(consents.rows("select * from raw.list__consents__refused")) == 2
    consents.pull(NEXT, source="list")
    mend(consents, "values: [granted]", "values: [granted, withdrawn]", "list")
    result = read(consents, "list.consents")
    assert result["rows_landed"] == 1
    assert [(r["id"], r["status"], r["_day"]) for r in consents.raw(table="list__consents")] == [
        ("c1", "granted", DAY), ("c2", "withdrawn", DAY),
    ]  # fmt: skip
    (refused,) = consents.rows("select * from raw.list__consents__refused")
    assert (refused["id"], refused["status"], refused["_day"]) == ("c3", "withdrawn", DAY)
    first = everything(consents, "list")
    read(consents, "list.consents")
    assert everything(consents, "list") == first


def test_a_no_that_its_file_does_not_hold_any_more_stays(consents):
    consents.data("id,email,status,said_at\nc1,ann@example.com,granted,2026-02-01\n", "a.csv")
    mend(consents, "said_at: timestamp", "said_at: {type: timestamp, time_zone: Europe/Berlin}", "list")
    before = consents.rows("select * from raw.list__consents__refused order by id")
    read(consents, "list.consents")
    assert consents.rows("select * from raw.list__consents__refused order by id") == before


@pytest.mark.parametrize("kept", ["raw", "refused"])
def test_a_new_type_that_would_empty_a_no_is_refused(project, kept):
    """The file of a `yes` is gone; as a boolean it would be NULL, which staging may read as no opt-out."""
    project.source(CONSENTS.replace("{type: text, required: true, values: [granted]}", "text"), "list")
    _stage_consents(project)
    at = "2026-02-01" if kept == "raw" else "no date"
    project.data(f"id,email,status,said_at\nc1,ann@example.com,yes,{at}\n", "a.csv")
    project.data("id,email,status,said_at\nc2,bob@example.com,no,2026-02-01\n", "b.csv")
    mend(project, "max_reject_share: 0.9", "max_reject_share: 1", "list")
    project.pull(DAY, source="list")
    (project.home / "in" / "a.csv").unlink()
    mend(project, "status: text", "status: boolean", "list")
    before = everything(project, "list")
    result = again(project.settings, "list.consents")["sources"][0]
    assert "would have no status" in result["error"] and "a no could be read as a yes" in result["error"]
    assert everything(project, "list") == before
    project.data(f"id,email,status,said_at\nc1,ann@example.com,yes,{at}\n", "a.csv")
    assert read(project, "list.consents")["read_anew"]["rows_kept"] == 0


def test_an_identifier_that_is_declared_late_is_known_of_rows_whose_file_is_gone_too(project):
    """A staging model that reads the twin would else no more know whose no it is; nor of a refused row."""
    project.source(
        CONSENTS.replace("{type: text, identifier: email}", "text").replace(", values: [granted]", ""), "list"
    )
    _stage_consents(project)
    project.data(
        "id,email,status,said_at\nc1,Ann@example.com ,withdrawn,2026-02-01\nc2,nobody,withdrawn,2026-02-01\n"
        "c3,Cat@example.com,withdrawn,no date\n",
        "a.csv",
    )
    project.data("id,email,status,said_at\nc4,dan@example.com,granted,2026-02-01\n", "b.csv")
    project.pull(DAY, source="list")
    (project.home / "in" / "a.csv").unlink()
    mend(project, "email: text", "email: {type: text, identifier: email}", "list")
    assert read(project, "list.consents")["read_anew"]["rows_kept"] == 2
    known = {row["id"]: row["email__normalised"] for row in project.raw(table="list__consents")}
    assert known == {"c1": "ann@example.com", "c2": None, "c4": "dan@example.com"}
    refused = project.rows("select id, email__normalised as address from raw.list__consents__refused")
    assert refused == [{"id": "c3", "address": "cat@example.com"}]


def test_a_new_key_that_would_hide_a_no_is_refused(project):
    project.source(CONSENTS.replace("values: [granted]", "values: [granted, withdrawn]"), "list")
    staging = project.root / "dbt_project/models/staging/list"
    staging.mkdir(parents=True)
    (staging / "stg_list__consents.sql").write_text("select * from {{ source('raw', 'list__consents') }}")
    project.data("id,email,status,said_at\nc1,ann@example.com,withdrawn,2026-02-01\n", "a.csv")
    project.pull(DAY, source="list")
    project.data("id,email,status,said_at,number\nc2,bob@example.com,withdrawn,2026-02-01,7\n", "a.csv")
    project.pull(NEXT, source="list")
    mend(project, "key: [id]", "key: [number]", "list")
    mend(project, "said_at: timestamp", "said_at: timestamp\n      number: text", "list")
    result = again(project.settings, "list.consents")["sources"][0]
    assert "their noes would be lost" in result.get("error", ""), result


def test_keys_that_are_gone_from_a_database_stay_gone(project):
    place = project.home / "shop.db"
    with closing(sqlite3.connect(place)) as db, db:
        db.execute("create table orders (id text, placed_at text, total text, updated_at text)")
        db.executemany(
            "insert into orders values (?, ?, ?, ?)",
            [(f"o{n}", "2026-03-01 12:00:00", str(n), f"2026-03-01 1{n}:00:00") for n in range(3)],
        )
    text = re.sub(r"kind: files\n    pattern: .*\n", "kind: sql\n    table: orders\n    cursor: updated_at\n"
                  "    late_days: 0\n    deletes: snapshot\n", ORDERS)  # fmt: skip
    text = text.replace('path: "{home}/in"', 'url: "sqlite:///{home}/shop.db"') + "      updated_at: timestamp\n"
    project.source(text, "shop")
    project.pull(DAY, source="shop")
    with closing(sqlite3.connect(place)) as db, db:
        db.execute("delete from orders where id = 'o0'")
    project.pull(NEXT, source="shop")
    mend(project, "placed_at: timestamp", "placed_at: {type: timestamp, time_zone: Europe/Berlin}")
    result = read(project)
    assert result["read_anew"] == {"rows_known": 2, "rows_changed": 2, "rows_refused_now": 0, "rows_kept": 1}
    rows = project.rows("select id, placed_at, _is_deleted, _day from raw.shop__orders order by id, _is_deleted")
    assert [(r["id"], r["placed_at"] and r["placed_at"].hour, r["_is_deleted"]) for r in rows] == [
        ("o0", 12, False), ("o0", None, True), ("o1", 11, False), ("o2", 11, False),
    ]  # fmt: skip
    first = everything(project, "shop")
    read(project)
    assert everything(project, "shop") == first
    assert project.pull(NEXT, source="shop")["rows_landed"] == 0


def test_rows_that_another_zone_puts_behind_the_day_are_read_anew(project):
    with closing(sqlite3.connect(project.home / "shop.db")) as db, db:
        db.execute("create table orders (id text, placed_at text, total text)")
        db.execute("insert into orders values ('o1', '2026-03-02 22:00:00', '1')")
    text = re.sub(r"kind: files\n    pattern: .*\n", "kind: sql\n    table: orders\n    cursor: placed_at\n"
                  "    late_days: 0\n", ORDERS)  # fmt: skip
    project.source(text.replace('path: "{home}/in"', 'url: "sqlite:///{home}/shop.db"'), "shop")
    project.pull(DAY, source="shop")
    mend(project, "placed_at: timestamp", "placed_at: {type: timestamp, time_zone: America/Los_Angeles}")
    assert read(project)["read_anew"]["rows_changed"] == 1
    (row,) = project.raw(table="shop__orders")
    assert (row["placed_at"], row["_day"]) == (datetime(2026, 3, 3, 6), DAY)


@pytest.mark.parametrize(
    ("where", "word"),
    [("shop", "No table 'shop'"), ("shop.nothing", "shop.orders"), ("nothing.orders", "No source nothing")],
)
def test_a_table_that_is_not_there_is_named_with_those_that_are(shop, where, word):
    with pytest.raises(ConfigError, match=re.escape(word)):
        again(shop.settings, where)


def test_a_table_that_was_never_pulled_is_pulled_first(project):
    project.source(ORDERS, "shop")
    with pytest.raises(ConfigError, match="never pulled"):
        again(project.settings, "shop.orders")
