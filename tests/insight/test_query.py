"""`fairlead query` reads: one statement, no file but the warehouse's own, and numbers are numbers."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from support.shop import ROOT, environment, fairlead

from core.answers import to_json
from core.errors import ConfigError
from core.settings import Settings, load_settings
from core.warehouse import connect
from insight.query import query


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = load_settings(root=ROOT, home=tmp_path_factory.mktemp("home"), warehouse={"lock_wait_seconds": 5})
    with connect(settings, writer="marts") as db:
        db.load("marts.t", pa.table({"a": range(3)}), mode="create")
    return settings


@pytest.fixture(autouse=True)
def _moved_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a statement did write a file, it is not among the project's."""
    monkeypatch.chdir(tmp_path)


REFUSED_QUERIES = [
    "prepare p as delete from marts.t; execute p", "prepare p as delete from marts.t", "execute p",
    "use marts; drop table t", "use marts",
    "create table marts.x (a int)", "create temp table x (a int)", "create view marts.v as select 1",
    "drop table marts.t",
    "delete from marts.t", "insert into marts.t select 1", "update marts.t set a = 1", "truncate marts.t",
    "alter table marts.t add b int",
    "with gone as (delete from marts.t returning 1) select * from gone", "attach 'other.duckdb'", "detach warehouse",
    "copy marts.t to 'out.csv'", "copy (select 1) to 'out.csv'", "export database 'out'", "import database 'out'",
    "install httpfs",
    "load httpfs", "pragma database_list", "/* a read? */ pragma database_list", ";pragma version",
    "; /* x */ ; pragma version", "call pragma_version()", "set threads = 1",
    "reset threads", "set schema = 'marts'", "set variable x = 1", "checkpoint", "vacuum", "begin",
    "explain analyze copy (select 1) to 'x'",
    "explain (analyze) delete from marts.t", "comment on table marts.t is 'x'", "select 1; select 2", "", ";",
    "selec 1",
]  # fmt: skip
FILES = [
    "select * from read_text('/etc/passwd')", "select * from glob('/home/*')", "from glob('/*')",
    "select * from read_csv('/etc/passwd')",
    "select * from read_blob('/etc/passwd')", "from '/etc/passwd.csv'", "select * from parquet_metadata('/etc/passwd')",
    "select * from sniff_csv('/etc/passwd')", "from duckdb_secrets()", "select * from read_json('/etc/passwd')",
]  # fmt: skip


@pytest.mark.parametrize("sql", REFUSED_QUERIES)
def test_what_is_not_one_read_is_refused_with_a_word_of_why(settings: Settings, sql: str) -> None:
    with pytest.raises(ConfigError, match="Not run"):
        query(settings, sql)
    assert query(settings, "select count(*) from marts.t")["rows"] == [[3]]


@pytest.mark.parametrize("sql", FILES)
def test_no_file_but_the_warehouses_own_is_read(settings: Settings, sql: str) -> None:
    with pytest.raises(ConfigError, match="not understood"):
        query(settings, sql)


@pytest.mark.parametrize("sql", [*REFUSED_QUERIES[:12], *FILES])
def test_the_engine_itself_refuses_where_nobody_has_looked_at_the_text(settings: Settings, sql: str) -> None:
    """The first door is the text, the second the engine: each holds when the other is open."""
    before = (settings.home / "warehouse.duckdb").read_bytes()
    with connect(settings) as db:
        for statement in filter(None, sql.split(";")):
            try:
                rows = db.engine.query(statement, ()).to_pylist()
            except Exception:
                continue
            assert statement.startswith(("prepare", "use", "create temp")) and not any("root:" in str(r) for r in rows)
    assert (settings.home / "warehouse.duckdb").read_bytes() == before


@pytest.mark.parametrize(
    "sql",
    [
        "select 1;", "from marts.t", "values (1)", "describe marts.t", "summarize marts.t", "show tables",
        "explain select 1",
        "explain analyze select 1", "-- a note\nselect 1", "with x as (select 1) select * from x",
        "select a from marts.t order by a",
        "select * from marts.t where 'drop table marts.t; use marts' is not null",
    ],
)  # fmt: skip
def test_whatever_only_reads_is_run(settings: Settings, sql: str) -> None:
    assert query(settings, sql)["columns"]


def test_a_large_sort_still_spills_to_the_home(tmp_path: Path) -> None:
    settings = load_settings(root=ROOT, home=tmp_path, warehouse={"memory_limit": "60MB", "threads": 2})
    with connect(settings, writer="marts") as db:
        db.execute("create table marts.wide as select i as a, md5(i::varchar) as b from range(1000000) as r(i)")
    sql = "select b, row_number() over (order by b desc) as n from marts.wide order by a limit 1"
    assert len(query(settings, sql)["rows"]) == 1


def test_where_nothing_was_written_yet_a_read_finds_nothing_and_makes_nothing(tmp_path: Path) -> None:
    settings = load_settings(root=ROOT, home=tmp_path)
    assert query(settings, "select count(*) from information_schema.tables where table_schema = 'marts'")["rows"] == [
        [0]
    ]
    with pytest.raises(ConfigError, match="does not exist"):
        query(settings, "select * from marts.profiles")
    assert not settings.duckdb_path.exists()


def test_json_gives_numbers_as_numbers_to_the_last_digit(settings: Settings) -> None:
    sql = """select sum(a) as total, 12.50::decimal(9,2) as price,
        170141183460469231731687303715884105727::hugeint as huge,
        0.1234567890123456789012345678901234567::decimal(38,37) as fine, 'nan'::double as nan, '-inf'::double as inf,
        true as yes, null as nothing, date '2026-03-29' as day, timestamp '2026-03-29 10:00:00' as instant,
        [1.5::decimal(3,1), 2] as list,
        {'n': 2.5::decimal(3,1)} as struct, interval 90 minute as span, 'ü"' as text, 'infinity'::date as never,
        'a'::blob as bytes from marts.t"""
    text = json.dumps(
        fairlead(settings.home, "query", sql)["rows"]
    )  # parsed once by the test's own door: one object, exit 0
    assert json.loads(text)[0][:2] == [3, 12.5]
    row = to_json(query(settings, sql)["rows"][0])
    assert row.startswith(
        "[3, 12.5, 170141183460469231731687303715884105727, 0.1234567890123456789012345678901234567, null, null, "
        "true, null"
    )
    assert '"2026-03-29", "2026-03-29T10:00:00", [1.5, 2], {"n": 2.5}' in row and '"ü\\""' in row
    json.loads(row, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


def test_two_readers_of_one_process_and_of_two_do_not_wait_for_each_other(settings: Settings) -> None:
    with connect(settings) as one, connect(settings) as two:
        assert one.query("select count(*) as n from marts.t") == two.query("select count(*) as n from marts.t")
        assert fairlead(settings.home, "query", "select count(*) from marts.t")["rows"] == [[3]]
        zones = [db.engine.query("select current_setting('TimeZone') as z", ())["z"].to_pylist() for db in (one, two)]
    assert zones == [["UTC"], ["UTC"]]


def test_an_infinity_is_called_by_its_name(settings: Settings) -> None:
    for kind in ("date", "timestamp", "timestamptz", "timestamp_s"):
        words = (f"'infinity'::{kind}", f"'-infinity'::{kind}", f"'2026-03-29'::{kind}")
        assert query(settings, f"select {words[0]}, {words[1]}")["rows"] == [["infinity", "-infinity"]], kind
        (never,), (day,) = query(settings, f"select {words[0]} union all select {words[2]}")["rows"]
        assert never == "infinity" and str(day).startswith("2026-03-29"), kind


def test_arrow_that_is_given_is_read_by_a_locked_engine(settings: Settings) -> None:
    with connect(settings) as db, db.given("mine", pa.table({"a": [1, 2]})):
        assert db.query("select t.a from marts.t as t join mine using (a) order by 1")["a"].to_pylist() == [1, 2]
        with pytest.raises(duckdb.Error):
            db.engine.query("set threads = 1", ())


ENDLESS = "select count(*) from range(100000000) a, range(1000000) b where (a.range * b.range) % 7 = 3"


def wait_until_it_has_the_warehouse(pid: int) -> None:
    for _ in range(600):
        files = [link for fd in Path(f"/proc/{pid}/fd").glob("*") if (link := _target(fd))]
        if any(link.endswith("warehouse.duckdb") for link in files):
            time.sleep(0.5)  # and runs the statement
            return
        time.sleep(0.1)
    raise AssertionError("the query did not begin within a minute")


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:  # closed meanwhile
        return ""


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_query_ends_when_it_is_asked_to(settings: Settings, sign: signal.Signals) -> None:
    command = [sys.executable, "-m", "fairlead", "query", ENDLESS, "--json"]
    child = subprocess.Popen(command, cwd=ROOT, env=environment(settings.home), stdout=subprocess.PIPE, text=True)
    wait_until_it_has_the_warehouse(child.pid)  # before that a signal ends any process
    child.send_signal(sign)
    start = time.monotonic()
    output = child.communicate(timeout=10)[0]
    assert time.monotonic() - start < 2 and child.returncode == 1
    assert json.loads(output)["error"] == f"ended by {sign.name}."


def held_to(settings: Settings, **limits: float) -> Settings:
    return settings.model_copy(update={"warehouse": settings.warehouse.model_copy(update=limits)})


def test_a_query_has_its_time_and_its_size(settings: Settings) -> None:
    with pytest.raises(ConfigError, match=r"longer than 0\.5 s.*warehouse\.look_seconds"):
        query(held_to(settings, look_seconds=0.5), ENDLESS)
    with pytest.raises(ConfigError, match=r"more than 100,000 rows.*`limit 100000`"):
        query(settings, "select range from range(30000000)")
    with pytest.raises(ConfigError, match="more than 64 MiB"):
        query(settings, "select repeat('x', 1000000) from range(1000)")
    assert len(query(held_to(settings, look_rows=3), "from marts.t")["rows"]) == 3


def test_what_a_query_itself_does_wrong_is_no_damage(settings: Settings) -> None:
    for sql in (
        "select cast('x' as integer)",
        "select case when range > 90000 then cast('x' as int) end from range(99999)",
    ):
        with pytest.raises(ConfigError) as failure:
            query(settings, sql)
        assert "Restore" not in str(failure.value)


@pytest.mark.parametrize("sql", ["select {} as a", "select 1 as {}", "select cast({} as integer)"])
def test_no_data_steers_a_terminal(settings: Settings, sql: str) -> None:
    """Neither as a value nor as a heading nor in an error: a title's change, a cleared screen, our own markup."""
    evil = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e[blink]x[/]"
    quoted = f'"{evil}"' if " as {}" in sql else f"'{evil}'"
    command = [sys.executable, "-m", "fairlead", "query", sql.format(quoted)]
    process = subprocess.run(command, cwd=ROOT, env=environment(settings.home), capture_output=True, text=True)
    output = process.stdout + process.stderr
    assert not set(output) & set("\x1b\x07\x9b\u202e") and "[blink]x[/]" in output, output


def test_a_sign_that_is_no_utf_8_is_told_as_one(settings: Settings) -> None:
    answer = fairlead(settings.home, "query", "select '\udcff'", ok=False)
    assert answer["kind"] == "ConfigError" and "UTF-8" in answer["error"]
