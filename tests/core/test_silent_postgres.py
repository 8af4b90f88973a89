"""A server that does not answer, and a lock that another holds: no command waits for ever, and each hears a signal."""

import contextlib
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pyarrow as pa
import pytest
import sqlalchemy as sa
from support.shop import ROOT, environment

import connectors.pull
from activation.delivery.turn import turn
from core import run_log, tables
from core.engines import driver_calls
from core.errors import RetryableError
from core.settings import Settings, load_settings
from core.warehouse import Warehouse, connect

pytestmark = pytest.mark.postgres
SIGNS = [signal.SIGTERM, signal.SIGINT]
HEARD_SECONDS = 4.0  # a signal's end, on a busy machine


def at(url: str, home: Path, **more: Any) -> Settings:
    return load_settings(root=ROOT, home=home, warehouse={"engine": "postgres", "url": url, **more})


@contextlib.contextmanager
def command(home: Path, url: str, *words: str) -> Iterator["subprocess.Popen[str]"]:
    settings_given = environment(home, FAIRLEAD_WAREHOUSE__ENGINE="postgres", FAIRLEAD_WAREHOUSE__URL=url)
    child = subprocess.Popen(
        [sys.executable, "-m", "fairlead", *words, "--json"],
        cwd=ROOT, env=settings_given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield child
    finally:
        child.kill()
        child.wait()


def end(child: "subprocess.Popen[str]", sign: signal.Signals) -> dict[str, Any]:
    """What it answers to a signal, at once."""
    child.send_signal(sign)
    start = time.monotonic()
    out, err = child.communicate(timeout=20)
    assert time.monotonic() - start < HEARD_SECONDS, out
    assert child.returncode == 1 and "Traceback" not in err, (out, err)
    answer: dict[str, Any] = json.loads(out)
    return answer


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """What takes connections, as a server's system does, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def url_of(server: socket.socket) -> str:
    return f"postgresql://app:pw@127.0.0.1:{server.getsockname()[1]}/m"


def test_a_server_that_says_nothing_is_waited_for_a_few_seconds(silent: socket.socket, tmp_path: Path) -> None:
    start = time.monotonic()
    with (
        pytest.raises(RetryableError, match="does not answer"),
        connect(at(url_of(silent), tmp_path, lock_wait_seconds=1)),
    ):
        pass
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("sign", SIGNS)
def test_a_command_that_waits_for_a_silent_server_hears_a_signal(
    silent: socket.socket, tmp_path: Path, sign: signal.Signals
) -> None:
    with command(tmp_path, url_of(silent), "query", "select 1") as child:
        open_socket, _ = silent.accept()  # it has begun
        with open_socket:
            time.sleep(0.3)
            assert end(child, sign)["error"] == f"ended by {sign.name}."


def test_what_the_url_says_of_its_clocks_stands(
    postgres: str, silent: socket.socket, root: Any, tmp_path: Path
) -> None:
    for own in ("connect_timeout=0", "connect_timeout=7&keepalives_idle=5"):
        with connect(at(f"{postgres}?{own}", tmp_path)) as db:
            assert db.engine.url.startswith(f"{postgres}?{own}&") and db.engine.url.count("connect_timeout") == 1
    start = time.monotonic()
    with (
        pytest.raises(RetryableError, match="does not answer"),
        connect(at(f"{url_of(silent)}?connect_timeout=2", tmp_path)),
    ):
        pass
    assert time.monotonic() - start < 10


class Line(threading.Thread):
    """A way to a server that may be cut off without a word: from then on nothing goes through, and
    nothing is closed.
    """

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port, self.server, self.is_dead = port, socket.create_server(("127.0.0.1", 0)), False
        self.connections: list[socket.socket] = []
        self.start()

    def run(self) -> None:
        with contextlib.suppress(OSError):  # it ends with the test
            while True:
                near, _ = self.server.accept()
                self.connections.append(near)
                if not self.is_dead:
                    far = socket.create_connection(("127.0.0.1", self.port))
                    self.connections.append(far)
                    for ends in ((near, far), (far, near)):
                        threading.Thread(target=self.carry, args=ends, daemon=True).start()

    def carry(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if not self.is_dead:
                    target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        for end_ in (self.server, *self.connections):
            end_.close()


@pytest.fixture
def line(postgres_server: int) -> Iterator[Line]:
    way = Line(postgres_server)
    yield way
    way.close()


def asleep(root: Any) -> bool:
    root.execute("select count(*) from pg_stat_activity where wait_event = 'PgSleep'")
    return bool(root.fetchone()[0])


def is_waiting(root: Any) -> bool:
    root.execute("select count(*) from pg_locks where not granted")
    return bool(root.fetchone()[0])


def until(true: Callable[[Any], bool], root: Any) -> None:
    for _ in range(300):
        if true(root):
            return
        time.sleep(0.1)
    raise AssertionError("it did not begin within half a minute")


@pytest.fixture(scope="module")
def root(postgres: str) -> Iterator[Any]:
    connection = psycopg2.connect(postgres)
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("create schema raw; create table raw.t (a bigint)")
    yield cursor
    connection.close()


def test_a_server_that_falls_silent_at_work_holds_no_signal_up(
    line: Line, postgres: str, root: Any, tmp_path: Path
) -> None:
    """Nor does it where it is to be told of the end: that too waits for its answer."""
    url = f"postgresql://fairlead@{url_of(line.server).split('@')[1].split('/')[0]}/{postgres.rsplit('/', 1)[1]}"
    with command(tmp_path, url, "query", "select pg_sleep(60)") as child:
        until(asleep, root)
        line.is_dead = True
        assert end(child, signal.SIGTERM)["error"] == "ended by SIGTERM."
    root.execute("select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'")


@pytest.fixture
def locked(postgres: str, root: Any) -> Iterator[Callable[[str], None]]:
    """Locks a table in a session of another, until the test's end."""
    connection = psycopg2.connect(postgres)
    yield lambda table: connection.cursor().execute(f"lock table {table} in access exclusive mode")
    connection.close()


WAYS: dict[str, Callable[[Warehouse], Any]] = {
    "query": lambda db: db.query("select count(*) from raw.t"),
    "look": lambda db: db.look("select count(*) from raw.t"),
    "execute": lambda db: db.execute("delete from raw.t"), "load": lambda db: db.load("raw.t", pa.table({"a": [9]})),
    "stream": lambda db: db.stream("select a from raw.t").read_all(),
    "other": lambda db: db.sqlalchemy("raw").connect().execute(sa.text("select count(*) from t")),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_a_lock_is_waited_for_as_long_as_the_settings_say(
    postgres: str, locked: Callable[[str], None], tmp_path: Path, way: str
) -> None:
    with connect(at(postgres, tmp_path, lock_wait_seconds=0.5), writer="raw") as db:
        locked("raw.t")
        start = time.monotonic()
        with pytest.raises(RetryableError, match="lost or busy"):
            WAYS[way](db)
        assert 0.4 < time.monotonic() - start < 5


def test_a_lock_that_is_not_waited_for_at_all_is_no_endless_one(
    postgres: str, locked: Callable[[str], None], tmp_path: Path
) -> None:
    """To the server a limit of 0 is none."""
    locked("raw.t")
    with (
        connect(at(postgres, tmp_path, lock_wait_seconds=0)) as db,
        pytest.raises(RetryableError, match="lost or busy"),
    ):
        WAYS["query"](db)


@pytest.mark.parametrize("sign", SIGNS)
def test_a_step_that_waits_for_a_lock_ends_by_a_signal_and_says_which(
    postgres: str, root: Any, locked: Callable[[str], None], tmp_path: Path, sign: signal.Signals
) -> None:
    with connect(at(postgres, tmp_path), writer="ops") as db:
        tables.ensure(db, run_log.RUNS)
    locked("ops.runs")
    with command(tmp_path, postgres, "pull", "--day", "2026-03-29") as child:
        until(is_waiting, root)
        assert end(child, sign)["error"] == f"ended by {sign.name}."
    root.execute("select count(*) from pg_locks where not granted")
    assert root.fetchone() == (0,)  # the server was told too


def test_a_push_whose_end_is_wanted_waits_for_no_lock(
    postgres: str, root: Any, locked: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver_calls, "STOP_SECONDS", 0.5)
    missing_steps: list[str] = []
    root.execute("create schema if not exists activation; create table activation.t (a bigint)")
    locked("activation.t")
    threading.Timer(0.5, missing_steps.append, ["FL111 cancelled: SIGTERM"]).start()
    start = time.monotonic()
    with (
        pytest.raises(RetryableError, match="FL111 cancelled: SIGTERM, and the warehouse did not answer"),
        turn(at(postgres, tmp_path), lambda: missing_steps[0] if missing_steps else "") as db,
    ):
        db.execute("delete from activation.t")
    assert 0.9 < time.monotonic() - start < HEARD_SECONDS


def test_a_pull_waits_no_longer_for_another_than_for_the_warehouse(postgres: str, root: Any, tmp_path: Path) -> None:
    root.execute("select pg_advisory_lock(hashtextextended('fairlead pull', 0))")
    try:
        with pytest.raises(RetryableError, match="pull: another process is at it"):
            connectors.pull.ensure(at(postgres, tmp_path, lock_wait_seconds=0.5))
    finally:
        root.execute("select pg_advisory_unlock(hashtextextended('fairlead pull', 0))")
