import multiprocessing
import time
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from core.engines.statements import targets
from core.errors import FatalError, RetryableError
from core.settings import Settings, load_settings
from core.warehouse import connect


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path, warehouse={"lock_wait_seconds": 20})


@pytest.mark.parametrize(
    "sql",
    [
        "insert into marts.x select 1", "delete from marts.x", "update marts.x set a = 1", "truncate table marts.x",
        "drop table marts.x", "drop view if exists marts.x cascade", "create table marts.x as select 1",
        "create schema marts",
        "alter table marts.x add column b int", "with t as (select 1) insert into marts.x select * from t",
        "create or replace view marts.x as select 1", "copy marts.x from 'x.csv'",
        "merge into marts.x using raw.y on true when matched then delete", "select 1; drop table marts.x",
    ],
)  # fmt: skip
def test_a_writer_may_not_write_to_another_schema(settings: Settings, sql: str) -> None:
    with connect(settings, writer="raw") as db, pytest.raises(FatalError, match="may not"):
        db.execute(sql)


@pytest.mark.parametrize("sql", ["insert into raw.x select 1", "create table raw.x as select 1", "drop table raw.x"])
def test_a_reader_may_not_write_at_all(settings: Settings, sql: str) -> None:
    with connect(settings) as db, pytest.raises(FatalError, match="writes to nothing"):
        db.query(sql)


def test_a_word_that_only_looks_like_a_write_is_read(settings: Settings) -> None:
    with connect(settings) as db:
        assert db.query("select 'insert into marts.x' as a")["a"].to_pylist() == ["insert into marts.x"]


def test_temporary_tables_are_nobodys() -> None:
    written = targets("create temp table t as select * from marts.x", "duckdb")
    assert written and all(target.is_new_temporary for target in written)


def test_arrow_goes_in_by_name_and_comes_out_the_same(settings: Settings) -> None:
    table = pa.table({"a": [1, 2, None], "b": ["x", None, "ü\n"], "d": pa.array([date(2026, 3, 29)] * 3, pa.date32())})
    with connect(settings, writer="raw") as db:
        assert db.load("raw.t", table, mode="create") == 3
        db.load("raw.t", table.select(["d", "b", "a"]))
        assert db.query("select a, b, d from raw.t").slice(3).equals(table)
        assert db.load("raw.t", table.slice(0, 1), mode="replace") == 1
        assert db.stream("select * from raw.t").read_all().num_rows == 1


def test_a_failed_transaction_gives_back_the_temporary_tables_it_found(settings: Settings) -> None:
    with connect(settings, writer="ops") as db:
        db.execute("create temporary table before_it as select 1 as i")
        with pytest.raises(ZeroDivisionError), db.transaction():
            db.drop_temporary("before_it")
            db.execute("create temporary table within_it as select 2 as i")
            raise ZeroDivisionError
        assert db.has_temporary("before_it") and not db.has_temporary("within_it")
        assert db.query("select i from before_it")["i"].to_pylist() == [1]


def test_a_failed_transaction_leaves_nothing(settings: Settings) -> None:
    with connect(settings, writer="raw") as db:
        db.load("raw.t", pa.table({"a": [1]}), mode="create")
        with pytest.raises(ZeroDivisionError), db.transaction():
            db.load("raw.t", pa.table({"a": [2]}))
            raise ZeroDivisionError
        assert db.query("select a from raw.t")["a"].to_pylist() == [1]


def _hold(home: str, seconds: float, ready: "multiprocessing.synchronize.Event") -> None:
    with connect(load_settings(home=home), writer="raw"):
        ready.set()
        time.sleep(seconds)


@pytest.mark.parametrize(
    ("held_seconds", "patience", "message", "gets_in"),
    [(1.5, 20, "", True), (6, 0.5, "", False), (6, 20, "FL111 cancelled: SIGTERM", False)],
)
def test_a_second_process_waits_for_its_turn_and_then_says_who_has_it(
    tmp_path: Path, held_seconds: float, patience: float, message: str, gets_in: bool
) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    holder = context.Process(target=_hold, args=(str(tmp_path), held_seconds, ready))
    holder.start()
    try:
        assert ready.wait(60)
        settings = load_settings(home=tmp_path, warehouse={"lock_wait_seconds": patience})
        if gets_in:
            with connect(settings, writer="raw") as db:
                assert db.query("select 1 as a")["a"].to_pylist() == [1]
        else:
            with (
                pytest.raises(RetryableError, match=f"^{message or 'Another'}.*{holder.pid}"),
                connect(settings, stopped=lambda: message),
            ):
                pass
    finally:
        holder.kill()
        holder.join()


def test_the_columns_of_a_table_a_view_and_a_view_without_its_table(settings):
    declared = {"person_id": "varchar", "amount": "decimal(18,2)", "at": "timestamp with time zone"}
    with connect(settings, writer="raw") as db:
        db.execute('create table raw.orders (person_id varchar, amount decimal(18, 2), "at" timestamptz)')
        db.execute("create view raw.newest as select * from raw.orders")
        assert db.columns("raw.orders") == db.columns("raw.newest") == declared
        db.execute("drop table raw.orders")
        assert db.columns("raw.newest") == declared and db.columns("raw.orders") == {}
        with db.transaction():
            assert not db.exists("nowhere.orders") and not db.exists("orders")
            db.execute("create table raw.people (person_id varchar)")
        assert db.exists("raw.people")
