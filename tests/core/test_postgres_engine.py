"""PostgreSQL as the warehouse: a reader only reads, and a server that goes away is told in our own
words, by its codes.
"""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import psycopg2
import pyarrow as pa
import pytest
import sqlalchemy as sa
from support import servers
from support.shop import ROOT, environment, fairlead

from core.engines.postgres_url import dbt_variables
from core.errors import ConfigError, RetryableError
from core.settings import Settings, load_settings
from core.warehouse import Warehouse, connect
from insight.query import query

pytestmark = pytest.mark.postgres
FORBIDDEN = [
    "set transaction read write", "set session characteristics as transaction read write", "set role fairlead",
    "reset role",
    "select set_config('role', 'none', false)", "select set_config('transaction_read_only', 'off', true)",
    "select pg_read_file('/etc/passwd')", 'select "pg_read_file"(\'/etc/passwd\')',
    "select pg_catalog.pg_read_file('/etc/passwd')",
    "select u&\"pg_read_\\0066ile\"('/etc/passwd')", "select '\"', pg_read_file('/etc/passwd'), '\"'",
    "select pg_ls_dir('/')", "select pg_stat_file('/etc/passwd')",
    "select lo_export(1, '/tmp/x')", "select lo_import('/etc/passwd')",
    "select query_to_xml('select 1', true, true, '')",
    "copy raw.t to program 'true'", "copy (select 1) to '/tmp/x'", "copy raw.t from '/etc/passwd'",
    "select pg_terminate_backend(pid) from pg_stat_activity", "select pg_advisory_lock(1)",
    "select pg_notify('a', 'b')",
    "select rolpassword from pg_authid",
    "select * from information_schema.user_mapping_options", "select * from information_schema._pg_user_mappings",
    "select most_common_vals from pg_stats where tablename = 'pg_auth' || 'id'",
    "select * from pg_catalog.pg_statistic",
    "select * from pg_toast.pg_toast_1260", "select table_to_xml(('pg_auth' || 'id')::regclass, true, false, '')::text",
    "select table_to_xml_and_xmlschema('raw.t', true, false, '')",
    "select schema_to_xml('pg_catalog', true, false, '')",
    "select database_to_xml(true, false, '')", "select * from crosstab('select 1') as t(a int)",
    "select cursor_to_xml('c', 1, true, true, '')",
    "select passwd from pg_catalog.pg_shadow", "select nextval('raw.s')", "select setval('raw.s', 1)",
    "create extension dblink", "select dblink('', 'delete from raw.t')",
    "do $$ begin delete from raw.t; end $$", "call f()", "prepare p as delete from raw.t", "execute p",
    "with gone as (delete from raw.t returning 1) select * from gone", "select * into raw.y from raw.t",
    "select * from raw.t for update",
    "create table raw.y (a int)", "create temp table y (a int)", "drop table raw.t", "truncate raw.t",
    "explain analyze delete from raw.t",
    "select 1; drop table raw.t", "lock table raw.t", "listen x", "vacuum", "begin", "",
]  # fmt: skip


@pytest.fixture(scope="module")
def root(postgres: str):
    """The server's superuser, past everything of ours."""
    connection = psycopg2.connect(postgres)
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("create schema raw; create sequence raw.s; create table raw.t (a bigint, b text)")
    cursor.execute("insert into raw.t values (1, 'x'), (2, 'y'), (3, null)")
    cursor.execute(
        "create function dblink(text, text) returns text language sql volatile as 'select null::text'"
    )  # as the extension's
    cursor.execute("do $$ begin create role plain login; exception when duplicate_object then null; end $$")
    cursor.execute("grant usage on schema raw to plain; grant select on raw.t to plain")
    yield cursor
    connection.close()


@pytest.fixture(params=["fairlead", "plain"])
def reader(postgres: str, root: Any, tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """As the superuser, who is kept from more than he need be, and as somebody who may only read."""
    return at(postgres.replace("fairlead@", f"{request.param}@"), tmp_path)


@pytest.fixture
def settings(postgres: str, root: Any, tmp_path: Path) -> Settings:
    return at(postgres, tmp_path)


def at(url: str, home: Path) -> Settings:
    return load_settings(home=home, warehouse={"engine": "postgres", "url": url})


def test_a_query_has_its_time_and_its_size(reader: Settings) -> None:
    for limits, sql, why in (
        ({"look_seconds": 0.5}, "select pg_sleep(30)", r"longer than 0\.5 s"),
        ({"look_rows": 1000}, "select * from generate_series(1, 3000000)", "more than 1,000 rows"),
    ):
        limited = reader.model_copy(update={"warehouse": reader.warehouse.model_copy(update=limits)})
        start = time.monotonic()
        with pytest.raises(ConfigError, match=why):
            query(limited, sql)
        assert time.monotonic() - start < 10


def rows(root: Any) -> list[Any]:
    root.execute("select a, b from raw.t order by a")
    return root.fetchall()


@pytest.mark.parametrize("sql", FORBIDDEN)
def test_what_acts_or_reaches_out_of_the_tables_is_refused(reader: Settings, root: Any, sql: str) -> None:
    with pytest.raises(ConfigError, match="Not run"):
        query(reader, sql)
    assert rows(root) == [(1, "x"), (2, "y"), (3, None)]


def test_the_server_refuses_a_write_where_nobody_has_looked_at_the_text(reader: Settings, root: Any) -> None:
    with connect(reader) as db:
        for sql in (
            "delete from raw.t",
            "create table raw.y (a int)",
            "create temp table y (a int)",
            "select nextval('raw.s')",
        ):
            with pytest.raises(Exception, match=r"may not|permission denied"):
                db.engine.execute(sql, ())
        with pytest.raises(sa.exc.DBAPIError, match=r"read-only|permission"), db.sqlalchemy("raw").begin() as other:
            other.execute(sa.text("delete from raw.t"))
    assert len(rows(root)) == 3


def test_a_superuser_reads_as_a_role_that_reads_no_files(settings: Settings) -> None:
    with connect(settings) as db:
        assert db.engine.query("select current_user::text as u", ())["u"].to_pylist() == ["pg_read_all_data"]
        with pytest.raises(Exception, match="permission denied for function pg_read_file"):
            db.engine.query("select pg_read_file('/etc/hostname')", ())


def test_a_reader_has_temporary_tables_of_its_own(reader: Settings) -> None:
    with connect(reader) as db, db.given("mine", pa.table({"a": [2, 3]})):
        db.execute("create temporary table kept (a bigint)")
        assert db.execute("insert into kept select t.a from raw.t as t join mine using (a)") == 2
        assert db.query("select b from raw.t join kept using (a) order by a")["b"].to_pylist() == ["y", None]
        db.drop_temporary("kept")
        with pytest.raises(Exception, match="may not"):
            db.engine.execute("delete from raw.t", ())


def test_numbers_keep_their_digits(reader: Settings) -> None:
    sql = "select sum(a), avg(a / 7.0), 1.50::numeric(9, 2), 'nan'::numeric, 'infinity'::date, count(*) from raw.t"
    total, mean, price, nothing, never, count = query(reader, sql)["rows"][0]
    assert (total, str(mean)[:10], price, nothing, count) == (6, "0.28571428", 1.5, "nan", 3) and isinstance(never, str)


READABLE = [
    ("1::money", 1), ("null::money", None), ("'192.168.0.1'::inet", "192.168.0.1"),
    ("'10.0.0.0/8'::cidr", "10.0.0.0/8"),
    ("'10:00+02'::timetz", "10:00:00+02"), ("point(1, 2)", "(1,2)"), ("b'101'", "101"), ("'[1,2)'::int4range", "[1,2)"),
    ("'a b'::tsvector", "'a' 'b'"), ("'<a/>'::xml", "<a/>"), ("interval '1 mon'", "1 mon"),
    ("4000000000::oid", 4000000000),
    ("'7'::xid", "7"), ("'raw.t'::regclass", "raw.t"), ("row(1, null::int)", "(1,)"), ("'glad'::raw.mood", "glad"),
    ("'{fairlead=r/fairlead}'::aclitem[]", "{fairlead=r/fairlead}"), ("array['1.2.3.4'::inet]", "{1.2.3.4}"),
    ("array[1.5, null]", [1.5, None]),
    ("'{}'::numeric[]", []), ("null::numeric[]", None), ("array['a', 'b']", ["a", "b"]),
    ("'infinity'::timestamp", "infinity"),
    ("'-infinity'::timestamp", "-infinity"), ("'infinity'::timestamptz", "infinity"), ("'infinity'::date", "infinity"),
    ("'-infinity'::date", "-infinity"), ("5::raw.whole", 5), ("2.50::numeric", 2.5), ("'{\"a\":1}'::jsonb", '{"a": 1}'),
    ("null", None), ("'1e150'::numeric", "1" + "0" * 150), ("array['-1e150'::numeric]", ["-1" + "0" * 150]),
    ("'9e75'::numeric", "9" + "0" * 75), ("'24:00'::time", "24:00:00"),
]  # fmt: skip


def test_every_type_comes_as_the_server_means_it(reader: Settings, root: Any) -> None:
    root.execute("create type raw.mood as enum ('glad'); create domain raw.whole as bigint")
    sql = "select " + ", ".join(expression for expression, _ in READABLE)
    for text in (sql, f"{sql} -- a note", f"{sql}; -- a note", f"{sql} ; ;"):
        (row,) = query(reader, text)["rows"]
        assert [[expression, value] for (expression, _), value in zip(READABLE, row, strict=True)] == [
            list(m) for m in READABLE
        ]
    root.execute("drop type raw.mood; drop domain raw.whole")


def test_what_the_server_writes_out_keeps_its_names_its_order_and_what_is_asked(reader: Settings) -> None:
    result = query(reader, "select a, '::1'::inet as \"an address\", a from raw.t order by a desc limit 2")
    assert result == {"columns": ["a", "an address", "a"], "rows": [[3, "::1", 3], [2, "::1", 2]]}
    sql = "select a, a::int::money as m, 'x'::name as n from raw.t where a > $1 order by a"
    with connect(reader) as db:
        for table in (db.query(sql, [1]), db.stream(sql, [1]).read_all()):
            assert [(r["a"], r["m"], r["n"]) for r in table.to_pylist()] == [(2, 2, "x"), (3, 3, "x")]
            assert table.column_names == ["a", "m", "n"]


WAYS: dict[str, Callable[[Warehouse], Any]] = {
    "query": lambda db: db.query("select 1"), "columns": lambda db: db.columns("raw.t"),
    "look": lambda db: db.look("select 1"),
    "execute": lambda db: db.execute("delete from raw.t"), "load": lambda db: db.load("raw.t", pa.table({"a": [9]})),
    "create": lambda db: db.load("raw.u", pa.table({"a": [9]}), mode="create"),
    "stream": lambda db: db.stream("select 1").read_all(),
    "given": lambda db: db.given("g", pa.table({"a": [1]})).__enter__(), "schema": lambda db: db.ensure_schema("raw"),
}  # fmt: skip


def kill(db: Warehouse, root: Any) -> None:
    root.execute("select pg_terminate_backend(%s)", [db.query("select pg_backend_pid() as pid")["pid"][0].as_py()])
    time.sleep(0.1)


@pytest.mark.parametrize("way", WAYS)
def test_a_connection_that_was_lost_is_told_as_to_be_tried_again(settings: Settings, root: Any, way: str) -> None:
    with connect(settings, writer="raw") as db:
        kill(db, root)
        with pytest.raises(RetryableError, match="lost"):
            WAYS[way](db)
    assert len(rows(root)) == 3


@pytest.mark.parametrize("last", ["at work", "before its commit", "in a block of another"])
def test_a_transaction_whose_connection_is_lost_leaves_nothing(settings: Settings, root: Any, last: str) -> None:
    with pytest.raises(RetryableError), connect(settings, writer="raw") as db, db.transaction():
        db.load("raw.t", pa.table({"a": [7]}))
        if last == "in a block of another":
            with db.given("g", pa.table({"a": [1]})):
                kill(db, root)
        else:
            kill(db, root)
            if last == "at work":
                db.execute("delete from raw.t")
    assert rows(root) == [(1, "x"), (2, "y"), (3, None)]


def test_rows_that_stop_coming_are_told(settings: Settings, root: Any) -> None:
    with connect(settings) as db:
        batches = iter(db.stream("select repeat('x', 1000) as streamed from generate_series(1, 2000000)"))
        next(batches)
        root.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where query like '%streamed%' and pid <> "
            "pg_backend_pid()"
        )
        with pytest.raises(RetryableError, match="broke off"):
            list(batches)


def test_a_library_on_sqlalchemy_hears_of_it_too(settings: Settings, root: Any) -> None:
    with connect(settings) as db, db.sqlalchemy("raw").connect() as other:
        root.execute("select pg_terminate_backend(%s)", [other.scalar(sa.text("select pg_backend_pid()"))])
        time.sleep(0.1)
        with pytest.raises(RetryableError):
            other.execute(sa.text("select 1"))


def test_a_server_that_stops_under_a_command_gives_one_object_and_an_exit_code(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        url = f"postgresql://fairlead@127.0.0.1:{stack.enter_context(servers.postgres())}/postgres"
        settings_given = environment(tmp_path, FAIRLEAD_WAREHOUSE__ENGINE="postgres", FAIRLEAD_WAREHOUSE__URL=url)
        words = [sys.executable, "-m", "fairlead", "query", "select pg_sleep(60)", "--json"]
        process = subprocess.Popen(
            words, cwd=ROOT, env=settings_given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        with contextlib.closing(psycopg2.connect(url)) as watching:
            watching.autocommit = True
            cursor, asleep = watching.cursor(), 0
            while not asleep:
                cursor.execute("select count(*) from pg_stat_activity where wait_event = 'PgSleep'")
                asleep = cursor.fetchone()[0]
                time.sleep(0.05)
        stack.close()
        out, err = process.communicate(timeout=30)
    assert process.returncode == 1 and json.loads(out)["kind"] == "RetryableError", (out, err)
    assert "Traceback" not in err
    refusal = fairlead(
        tmp_path,
        "summary",
        "--day",
        "2026-03-29",
        ok=False,
        FAIRLEAD_WAREHOUSE__ENGINE="postgres",
        FAIRLEAD_WAREHOUSE__URL=url,
    )
    assert refusal["kind"] == "RetryableError" and "does not answer" in refusal["error"]


def test_the_doctor_says_that_a_superuser_is_more_than_is_needed(postgres: str, root: Any, tmp_path: Path) -> None:
    answer = fairlead(
        tmp_path, "doctor", ok=False, FAIRLEAD_WAREHOUSE__ENGINE="postgres", FAIRLEAD_WAREHOUSE__URL=postgres
    )
    (result,) = [c for c in answer["checks"] if c["check"] == "warehouse role"]
    assert not result["ok"] and "superuser" in result["detail"] and "create role" in result["mend"]


def test_values_are_written_and_read_alike_whatever_a_role_the_server_or_the_environment_says(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGTZ", "America/New_York")
    monkeypatch.setenv("PGDATESTYLE", "German, DMY")
    monkeypatch.setenv(
        "PGOPTIONS", "-c extra_float_digits=-9 -c intervalstyle=iso_8601 -c standard_conforming_strings=off"
    )
    settings = load_settings(home=tmp_path, warehouse={"engine": "postgres", "url": postgres})
    written = """select cast(date '2026-03-02' as varchar) as day, cast(0.1 + 0.2::float8 as varchar) as number,
        cast(interval '1 day' as varchar) as span, '\\d' as sign, cast('02/03/2026' as date) as read,
        cast(timestamp with time zone '2026-03-02 00:30:00' as varchar) as moment"""
    with connect(settings) as db:
        (row,) = db.query(written).to_pylist()
    assert row == {
        "day": "2026-03-02", "number": "0.30000000000000004", "span": "1 day", "sign": "\\d",
        "read": date(2026, 2, 3), "moment": "2026-03-02 00:30:00+00",
    }  # fmt: skip
    variables = dbt_variables(postgres, 1)
    assert (variables["PGTZ"], variables["PGDATESTYLE"]) == ("UTC", "ISO,MDY"), "libpq takes them before PGOPTIONS"
    assert variables["PGOPTIONS"].endswith("-c extra_float_digits=1 -c standard_conforming_strings=on")
