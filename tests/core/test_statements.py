"""What one statement writes to, and that nobody writes where nobody can tell."""

import pytest

from core.engines import parsed_statements, statements
from core.engines.statements import WriteRefusedError, targets
from core.errors import FatalError
from core.settings import load_settings
from core.warehouse import connect

NOT_UNDERSTOOD = [
    "prepare p as delete from activation.delivered", "execute p", "deallocate p", "use marts", "call f()",
    "do $$ begin end $$",
    "pragma database_list", "set schema = 'marts'", "set search_path = marts", "set role admin", "reset role",
    "checkpoint", "vacuum",
    "attach 'x.duckdb' as x", "detach x", "install httpfs", "load httpfs", "export database 'x'", "import database 'x'",
    "copy raw.t to 'x.csv'", "copy raw.t from 'x.csv'", "copy (select 1) to program 'true'",
    "comment on table raw.t is 'x'",
    "grant all on raw.t to public", "begin", "commit", "listen x", "lock table raw.t",
    "refresh materialized view raw.t",
    "explain analyze delete from raw.t", "create index i on raw.t (a)", "create sequence raw.s",
    "create extension dblink",
    "create function raw.f() returns int as 'select 1' language sql", "create macro raw.f(x) as x",
    "drop function raw.f",
    "create trigger x before insert on raw.t for each row execute function f()", "alter table raw.t set schema marts",
    "alter table raw.t rename to s", "alter table raw.t rename to marts.t", "alter table raw.t owner to admin",
    "delete from",
    "select 1; select 2", "select 1; use marts", "use marts; drop table profiles",
    "insert into raw.t select 1; drop table marts.x", "",
]  # fmt: skip


@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
@pytest.mark.parametrize("sql", NOT_UNDERSTOOD)
def test_what_is_not_understood_or_not_used_here_is_refused_to_the_schemas_own_writer_too(
    sql: str, engine: str
) -> None:
    with pytest.raises(WriteRefusedError, match="may not run"):
        targets(sql, engine)


@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("with gone as (delete from marts.x returning 1) select * from gone", {("marts", "x")}),
        ("with gone as (delete from marts.x returning 1) insert into raw.t select * from gone",
         {("marts", "x"), ("raw", "t")}),
        ("select * into marts.x from raw.t", {("marts", "x")}),
        ("create or replace view marts.v as select 1", {("marts", "v")}),
        ("drop table raw.t, marts.x", {("raw", "t"), ("marts", "x")}),
        ("truncate raw.t, marts.x", {("raw", "t"), ("marts", "x")}),
        ("merge into marts.x using raw.t on true when matched then update set a = 1", {("marts", "x")}),
        ('insert into "marts"."x" select 1', {("marts", "x")}), ("drop schema marts cascade", {("marts", "")}),
        ("alter table marts.x add column b int", {("marts", "x")}), ("insert into t select 1", {("", "t")}),
        ("update t set a = 1", {("", "t")}), ("drop table t", {("", "t")}), ("create view t as select 1", {("", "t")}),
        ("insert into pg_temp.t select 1", {("pg_temp", "t")}), ("delete from raw.t using marts.x", {("raw", "t")}),
        ("select 'drop table marts.x; use marts' as words", set()), ("select 1 -- ; drop table marts.x", set()),
        ("values (1)", set()),
    ],
)  # fmt: skip
def test_every_table_that_a_statement_writes_is_named(sql: str, tables: set[tuple[str, str]], engine: str) -> None:
    assert {(t.schema, t.name) for t in targets(sql, engine)} == tables


@pytest.mark.parametrize("sql", ["insert into other.raw.t select 1", "create temporary table marts.t (a int)"])
def test_another_database_and_a_temporary_table_with_a_schema_are_refused(sql: str) -> None:
    with pytest.raises(WriteRefusedError):
        targets(sql, "duckdb")


def test_a_name_without_a_schema_is_written_only_where_it_is_this_connections_own_temporary_table(tmp_path) -> None:
    settings = load_settings(home=tmp_path)
    with connect(settings, writer="raw") as db:
        db.execute("create temporary table mine (a bigint)")
        assert db.execute("insert into mine select 1") == 1
        db.drop_temporary("mine")
        for sql in ("insert into mine select 1", "drop table if exists mine", "create table loose (a int)"):
            with pytest.raises(FatalError, match="may not"):
                db.execute(sql)
    with connect(settings) as db:  # a reader has tables of its own too: a plan is made in one
        db.execute("create temporary table mine as select 1 as a")
        assert db.query("select a from mine")["a"].to_pylist() == [1]


PLAIN = [
    "insert into raw.t select 1", 'insert into raw."A t" ("a", b) values (1)', "delete from raw.t", "drop table t",
    "insert into raw.t by name select * from s", "  insert into raw.t\n with s as (select 1) select * from s",
    "delete from raw.t where a = 1", "delete from raw.t as x using s where x.a = s.a", "update raw.t set a = 1",
    "update raw.t as x set a = 1", "create table if not exists raw.t as select 1", "create table raw.t (a integer)",
    "create temp table t as select 1", "create temporary table t (a integer)", "drop table if exists raw.t",
]  # fmt: skip
CLOSER_LOOK = [
    "insert into raw.t select 1; drop table marts.x", "insert into raw . x select 1", "insert into raw.t.u select 1",
    "insert into raw.t with s as (delete from marts.x returning 1) select * from s", "drop table raw.t, marts.x",
    "drop table raw.t cascade", "insert into RAW.t select 1", "insert into/**/marts.x select 1",
    "INSERT INTO raw.t select 1", "insert into raw.t execute p", "create table raw.t as execute p",
    "delete from only raw.t", "update only raw.t set a = 1", "create temporary table raw.t as select 1",
    'insert into "raw"."t" select 1', "insert into raw.t select * into marts.x",
]  # fmt: skip


@pytest.mark.parametrize("sql", PLAIN)
def test_a_plain_write_is_known_at_a_glance_for_what_reading_it_finds(sql: str) -> None:
    assert statements._of_plain_write(sql) == parsed_statements.read_targets(sql, "duckdb") != frozenset()


@pytest.mark.parametrize("sql", CLOSER_LOOK)
def test_what_may_write_elsewhere_too_is_read(sql: str) -> None:
    assert statements._of_plain_write(sql) == frozenset()
