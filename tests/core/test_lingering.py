"""A file that lingers is open for the next use and closed for everybody else soon after."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.engines import duckdb_file, lingering
from core.errors import FatalError
from core.settings import Settings, load_settings
from core.warehouse import WriteRefusedError, connect


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = load_settings(home=tmp_path)
    with connect(settings, writer="ops") as db:
        db.execute("create table ops.seen (what text)")
    return settings


@pytest.fixture
def lingers(settings: Settings) -> Iterator[None]:
    with lingering.lingering(settings):
        yield


def write(settings: Settings, what: str) -> None:
    with connect(settings, writer="ops") as db:
        db.execute("insert into ops.seen values ($1)", [what])


def seen(settings: Settings) -> list[str]:
    with connect(settings) as db:
        return [row["what"] for row in db.query("select what from ops.seen order by what").to_pylist()]


def elsewhere(settings: Settings) -> subprocess.CompletedProcess[str]:
    """Another process asks for the file, once."""
    words = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute(\"insert into ops.seen values ('they')\")"
    command = [sys.executable, "-c", words, str(settings.duckdb_path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def is_open(settings: Settings) -> bool:
    return duckdb_file.connections(settings.duckdb_path) > 0


def wait_until_closed(settings: Settings) -> None:
    deadline = time.monotonic() + 20
    while is_open(settings):
        assert time.monotonic() < deadline, "the file is still open"
        time.sleep(0.02)


def test_without_it_a_file_is_closed_at_once(settings: Settings) -> None:
    write(settings, "we")
    assert not is_open(settings)


def test_it_is_open_for_the_next_use_and_then_closed(
    settings: Settings, lingers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lingering, "MOMENT_SECONDS", 0.5)
    monkeypatch.setattr(lingering, "LONGEST_SECONDS", 60)
    write(settings, "a")
    assert is_open(settings)
    assert seen(settings) == ["a"]  # a reader finds it open as well
    write(settings, "b")
    wait_until_closed(settings)
    assert elsewhere(settings).returncode == 0
    assert seen(settings) == ["a", "b", "they"]


def test_the_blocks_end_closes_it(settings: Settings) -> None:
    with lingering.lingering(settings):
        with lingering.lingering(settings):
            write(settings, "we")
        assert is_open(settings)
    assert not is_open(settings)
    assert elsewhere(settings).returncode == 0


def test_it_is_let_go_for_another_process(settings: Settings, lingers: None) -> None:
    write(settings, "we")
    lingering.let_go(settings.duckdb_path)
    assert elsewhere(settings).returncode == 0


def test_another_process_has_its_turn_though_we_use_it_again_and_again(settings: Settings, lingers: None) -> None:
    results: list[int] = []
    waiting = threading.Thread(target=lambda: results.append(_patient(settings)))
    write(settings, "we")
    waiting.start()
    deadline = time.monotonic() + 60
    while waiting.is_alive():
        assert time.monotonic() < deadline, "another process never had its turn"
        write(settings, "we")
        time.sleep(0.05)
    assert results == [0] and "they" in seen(settings)


def _patient(settings: Settings) -> int:
    """Another process that asks for the file as often as ours do, until it has it."""
    words = """
import sys
from pathlib import Path
from core.settings import load_settings
from core.warehouse import connect
with connect(load_settings(home=Path(sys.argv[1])), writer="ops") as db:
    db.execute("insert into ops.seen values ('they')")
"""
    return subprocess.run([sys.executable, "-c", words, str(settings.home)], check=False).returncode


def test_what_a_failed_use_began_is_not_there(settings: Settings, lingers: None) -> None:
    with pytest.raises(ZeroDivisionError), connect(settings, writer="ops") as db, db.transaction():
        db.execute("insert into ops.seen values ('half')")
        raise ZeroDivisionError
    assert seen(settings) == []


def test_a_temporary_table_goes_with_its_connection(settings: Settings, lingers: None) -> None:
    for _ in range(2):
        with connect(settings, writer="ops") as db:
            db.execute("create temporary table mine as select 1 as one")


def test_who_reads_still_may_not_write(settings: Settings, lingers: None) -> None:
    write(settings, "we")
    with connect(settings) as db, pytest.raises(WriteRefusedError):
        db.execute("insert into ops.seen values ('reader')")


def test_who_reads_makes_no_file(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path / "new")
    with lingering.lingering(settings), connect(settings) as db:
        assert not db.exists("ops.seen")
    assert not settings.duckdb_path.exists()


def test_what_a_killed_process_has_committed_is_there(settings: Settings) -> None:
    """It had no time to close the file."""
    words = """
import os, sys
from pathlib import Path
from core.engines.lingering import lingering
from core.settings import load_settings
from core.warehouse import connect
settings = load_settings(home=Path(sys.argv[1]))
with lingering(settings):
    with connect(settings, writer="ops") as db:
        db.execute("insert into ops.seen values ('killed')")
    os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", words, str(settings.home)], check=False, env=os.environ)
    assert seen(settings) == ["killed"]


def test_a_closing_that_failed_is_told_to_whoever_comes_next(
    settings: Settings, lingers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lingering, "MOMENT_SECONDS", 0.05)
    close, failed = duckdb_file.close_file, threading.Event()

    def fails(path: Path, connection: object) -> None:
        close(path, connection)  # type: ignore[arg-type]
        if threading.current_thread() is not threading.main_thread():
            failed.set()
            raise FatalError("the disk is full")

    monkeypatch.setattr(duckdb_file, "close_file", fails)
    write(settings, "we")
    assert failed.wait(20)
    wait_until_closed(settings)
    with pytest.raises(FatalError, match="the disk is full"):
        write(settings, "we again")
    assert seen(settings) == ["we"]
