"""What is recalled in place of being asked again is never older than what another process has written."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from core.engines import duckdb_file, recalled
from core.settings import Settings, load_settings
from core.warehouse import connect

SQL = "select who, uuid() as asked from raw.noes"  # who has said no, and whether it was asked anew


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = load_settings(home=tmp_path)
    with connect(settings, writer="raw") as db:
        db.execute("create table raw.noes (who text)")
        db.execute("insert into raw.noes values ('ann')")
    return settings


@pytest.fixture
def watching(settings: Settings) -> Iterator[None]:
    with recalled.recalling(settings, "activation"):
        yield


def ask(settings: Settings) -> list[tuple[str, str]]:
    """In a turn of its own, which writes too."""
    with connect(settings, writer="activation") as db:
        recalled.keep(db, "kept_noes", SQL)
        db.execute("create or replace table activation.written as select uuid() as id, * from range(3000)")
        return [(row["who"], str(row["asked"])) for row in db.query("select * from kept_noes order by who").to_pylist()]


def elsewhere(settings: Settings, sql: str, end: str = "db.close()") -> None:
    """By another process."""
    words = f"import duckdb, os, sys; db = duckdb.connect(sys.argv[1]); db.execute(sys.argv[2]); {end}"
    subprocess.run([sys.executable, "-c", words, str(settings.duckdb_path), sql], check=False)


def test_a_turn_after_our_own_recalls_what_was_asked(settings: Settings, watching: None) -> None:
    assert ask(settings) == ask(settings) == ask(settings)


@pytest.mark.parametrize("end", ["db.close()", "os._exit(9)"])
def test_a_no_that_another_process_wrote_is_there(settings: Settings, watching: None, end: str) -> None:
    """Also of one that was killed before it put its log into the file."""
    first = ask(settings)
    elsewhere(settings, "insert into raw.noes values ('bob')", end)
    second = ask(settings)
    assert [who for who, _ in second] == ["ann", "bob"] and second[0] != first[0]
    assert ask(settings) == second


def test_what_this_process_wrote_elsewhere_is_there(settings: Settings, watching: None) -> None:
    """Also while another of its connections is open."""
    first = ask(settings)
    with connect(settings, writer="raw") as db:
        db.execute("insert into raw.noes values ('bob')")
    assert [who for who, _ in ask(settings)] == ["ann", "bob"]
    with connect(settings, writer="activation"), connect(settings, writer="raw") as db:
        db.execute("insert into raw.noes values ('carl')")
        assert [who for who, _ in ask(settings)] == ["ann", "bob", "carl"] != first


def test_who_only_looked_has_changed_nothing(settings: Settings, watching: None) -> None:
    first = ask(settings)
    with connect(settings) as db:
        db.query("select 1")
    elsewhere(settings, "select * from raw.noes")
    assert ask(settings) == first


def test_each_of_many_writers_is_seen(settings: Settings, watching: None) -> None:
    seen = [len(ask(settings))]
    for number in range(3):
        elsewhere(settings, f"update raw.noes set who = 'ann{number}' where who like 'ann%'")
        seen.append(ask(settings)[0][0])
    assert seen == [1, "ann0", "ann1", "ann2"]


def test_two_connections_at_once_are_one_turn(settings: Settings, watching: None) -> None:
    """The descriptor by which the file is looked at is closed after the last of them, for that lets go of the lock."""
    with connect(settings, writer="activation") as one:
        with connect(settings, writer="activation") as other:
            recalled.keep(other, "kept_noes", SQL)
        recalled.keep(one, "kept_noes", SQL)
        tried = subprocess.run(
            [sys.executable, "-c", "import duckdb, sys; duckdb.connect(sys.argv[1])", str(settings.duckdb_path)],
            capture_output=True, text=True,
        )  # fmt: skip
        assert "lock" in tried.stderr.lower()
    assert not duckdb_file._descriptors
    duckdb.connect(str(settings.duckdb_path)).close()


def test_outside_of_it_everything_is_asked_each_time(settings: Settings) -> None:
    assert ask(settings) != ask(settings)


def test_a_long_answer_is_asked_each_time(settings: Settings, watching: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recalled, "MOST_ROWS", 0)
    assert ask(settings) != ask(settings)
