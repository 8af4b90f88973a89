"""A damaged warehouse is told as one at once, a busy one as busy, and what a killed writer left is read."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from support.shop import ROOT, fairlead

from core.errors import ConfigError, FatalError, RetryableError
from core.settings import Settings, load_settings
from core.warehouse import connect

PATIENCE = 20.0  # far longer than any of these tests may wait for a file that nobody has
PAGE = 262_144
WRITER = """
import sys, time
from core.settings import load_settings
from core.warehouse import connect
with connect(load_settings(home=sys.argv[1]), writer="marts") as db:
    db.execute("insert into marts.t select 1000000, 'late'")
    print("in", flush=True)
    time.sleep(60)
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("whole")
    with connect(load_settings(home=home), writer="marts") as db:
        db.execute("create table marts.t as select i as a, md5(i::varchar) as b from range(300000) as r(i)")
    return home


@pytest.fixture
def settings(whole: Path, tmp_path: Path) -> Settings:
    shutil.copy(whole / "warehouse.duckdb", tmp_path)
    return load_settings(home=tmp_path, warehouse={"lock_wait_seconds": PATIENCE})


def spoil(path: Path, at: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(content)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "empty": lambda path: path.write_bytes(b""), "cut in its header": lambda path: os.truncate(path, 100),
    "another kind of file": lambda path: path.write_bytes(b"name,email\n" * 5000),
    "garbage in its header": lambda path: spoil(path, 0, b"x" * 4096),
    "garbage in its catalogue": lambda path: spoil(path, 4096, b"block " * 2000),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("writer", [None, "marts"])
def test_a_damaged_file_is_told_at_once_with_the_mend(settings: Settings, damage: str, writer: str | None) -> None:
    DAMAGES[damage](settings.duckdb_path)
    start = time.monotonic()
    with pytest.raises(FatalError, match=r"damaged.*Restore"), connect(settings, writer):
        pass
    assert time.monotonic() - start < PATIENCE / 4


def test_what_the_system_does_not_open_is_told_in_its_own_words(settings: Settings) -> None:
    settings.duckdb_path.unlink()
    settings.duckdb_path.mkdir()
    with pytest.raises(FatalError, match="cannot be opened: Is a directory"), connect(settings):
        pass


@pytest.mark.parametrize("is_cut", [False, True])
def test_a_damaged_page_or_a_lost_end_is_told_when_it_is_read_and_found_by_the_doctor(
    settings: Settings, is_cut: bool
) -> None:
    size = settings.duckdb_path.stat().st_size
    if is_cut:
        os.truncate(settings.duckdb_path, size // 2)
    else:
        spoil(settings.duckdb_path, 12_288 + 8 * PAGE + 1000, b"\xff" * 5000)
    with pytest.raises(FatalError, match=r"damaged.*Restore"), connect(settings) as db:
        db.query("select count(*), max(b) from marts.t")
    answer = fairlead(settings.home, "doctor", ok=False)
    (check,) = [c for c in answer["checks"] if c["check"].startswith("warehouse") and not c["ok"]]
    assert "Restore" in check["detail"] and (is_cut or check["detail"].startswith("marts.t: "))


def test_the_command_tells_a_damaged_file_in_one_object_and_the_doctor_too(settings: Settings) -> None:
    spoil(settings.duckdb_path, 0, b"block " * 2000)
    answer = fairlead(settings.home, "query", "select 1", ok=False)
    assert (answer["kind"], answer["ok"]) == ("FatalError", False) and "Restore" in answer["error"]
    checks = {c["check"]: c for c in fairlead(settings.home, "doctor", ok=False)["checks"]}
    assert not checks["warehouse"]["ok"] and "damaged" in checks["warehouse"]["detail"]


@pytest.fixture
def writing(settings: Settings):
    """A process that has written, and has the file."""
    command = [sys.executable, "-c", WRITER, str(settings.home)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout and process.stdout.readline() == "in\n"
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize("writer", [None, "marts"])
def test_a_file_that_somebody_has_is_busy_and_his_number_is_said(
    settings: Settings, writing, writer: str | None
) -> None:
    hasty = load_settings(home=settings.home, warehouse={"lock_wait_seconds": 0.3})
    with pytest.raises(RetryableError, match=f"process {writing.pid}"), connect(hasty, writer):
        pass


def test_what_a_killed_writer_left_beside_the_file_is_read_and_stays_for_the_next_writer(
    settings: Settings, writing
) -> None:
    writing.send_signal(signal.SIGKILL)
    writing.wait()
    assert settings.duckdb_path.with_suffix(".duckdb.wal").exists()
    query_text = "select count(*) as n from marts.t where a = 1000000"
    for writer in (None, None, "marts", None):
        with connect(settings, writer) as db:
            assert db.query(query_text)["n"].to_pylist() == [1], writer


@pytest.mark.parametrize("at", [0, 1, 3, 4, 6, 7])
@pytest.mark.parametrize("writer", [None, "marts"])
def test_a_beginning_of_the_log_that_is_none_is_told_and_the_log_is_kept(
    settings: Settings, writing, at: int, writer: str | None
) -> None:
    writing.send_signal(signal.SIGKILL)
    writing.wait()
    log = settings.duckdb_path.with_suffix(".duckdb.wal")
    content = log.read_bytes()
    for damage in (bytes([content[at] ^ 0x5A]), b"\0" * (len(content) - at)):
        spoil(log, at, damage)
        spoiled = log.read_bytes()
        with pytest.raises(FatalError, match=r"wal is damaged.*Restore"), connect(settings, writer):
            pass
        assert log.read_bytes() == spoiled
    for length in (0, 3, 8):  # killed before anything was committed
        log.write_bytes(content[:length])
        with connect(settings, writer) as db:
            assert db.query("select count(*) as n from marts.t")["n"].to_pylist() == [300_000]


@pytest.mark.parametrize("writer", [None, "marts"])
def test_a_link_that_leads_nowhere_is_no_empty_warehouse_and_a_pipe_is_not_waited_for(
    settings: Settings, writer: str | None
) -> None:
    settings.duckdb_path.rename(settings.home / "elsewhere")
    settings.duckdb_path.symlink_to(settings.home / "elsewhere")
    with connect(settings) as db:
        assert db.exists("marts.t")
    (settings.home / "elsewhere").unlink()
    with pytest.raises(FatalError, match="leads nowhere"), connect(settings, writer):
        pass
    assert not (settings.home / "elsewhere").exists()
    settings.duckdb_path.unlink()
    os.mkfifo(settings.duckdb_path)
    with pytest.raises(FatalError, match="is no file"), connect(settings, writer):
        pass


def test_a_reader_does_not_get_in_while_this_process_writes_and_does_when_it_is_done(settings: Settings) -> None:
    hasty = load_settings(home=settings.home, warehouse={"lock_wait_seconds": 0.3})
    with connect(settings, writer="marts") as db:
        with pytest.raises(RetryableError, match=str(os.getpid())), connect(hasty):
            pass
        db.load("marts.t", pa.table({"a": [7], "b": ["seven"]}))  # and our own lock is still ours
        assert (
            fairlead(settings.home, "query", "select 1", ok=False, FAIRLEAD_WAREHOUSE__LOCK_WAIT_SECONDS="0.3")["kind"]
            == "RetryableError"
        )
    with connect(settings) as db:
        assert db.query("select count(*) as n from marts.t")["n"].to_pylist() == [300_001]


def test_a_setting_that_the_engine_does_not_take_is_no_damage(settings: Settings) -> None:
    wrong = settings.model_copy(update={"warehouse": settings.warehouse.model_copy(update={"memory_limit": "lots"})})
    with pytest.raises(ConfigError, match=r"\[warehouse\]"), connect(wrong):
        pass
