"""Who waits holds nobody up: the warehouse is free meanwhile, and a signal ends a pull wherever it waits."""

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from connectors.pull import pull
from core.warehouse import connect, hold
from tests.connectors.conftest import DAY

REPO = Path(__file__).resolve().parents[2]
API = """
description: An API
tables:
  first: {kind: http, path: first, columns: {id: text}}
  people: {kind: http, path: people, columns: {id: text}}
"""
FEEDBACK = """
description: Who said no
feedback: true
defaults: {path: "{home}/in"}
tables:
  stops: {kind: files, pattern: "stops.csv", columns: {id: text}}
"""
DATABASE = """
description: A database
tables:
  people: {kind: sql, table: people, columns: {id: text}}
"""
BEGINNING = b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"id": "'
FIRST = b'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"id": "1"}'
LATER = b"HTTP/1.1 429 Slow Down\r\nRetry-After: 200\r\nContent-Length: 0\r\n\r\n"


class Silent:
    """A server that takes every connection and says `words`, or nothing, and never more; /first it answers well."""

    def __init__(self) -> None:
        self.words, self.was_asked, self.connections = b"", threading.Event(), list[socket.socket]()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.server.accept()
                self.connections.append(connection)
                if self.words and b"/first" in connection.recv(4096):
                    connection.sendall(FIRST)
                    connection.close()
                    continue
                connection.sendall(self.words)
                self.was_asked.set()


@pytest.fixture
def silent() -> Iterator[Silent]:
    server = Silent()
    yield server
    for connection in (server.server, *server.connections):
        connection.close()


def start(project, *words: str, **settings: str) -> "subprocess.Popen[str]":
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FAIRLEAD_")}
    environment |= {"FAIRLEAD_ROOT": str(project.root), "FAIRLEAD_HOME": str(project.home), **settings}
    command = [sys.executable, str(REPO / "fairlead.py"), "pull", *words, "--day", DAY.isoformat(), "--json"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def answer(process: "subprocess.Popen[str]", seconds: float) -> dict[str, Any]:
    """The one JSON object of a pull that ends in time."""
    out, err = process.communicate(timeout=seconds)
    assert "Traceback" not in err, err
    return json.loads(out)


def spools(project) -> list[Path]:
    return list((project.home / "tmp").glob("scratch-pull-*"))


def test_opt_outs_get_in_while_a_server_keeps_another_source_waiting(project, silent):
    silent.words = BEGINNING
    project.source(API, "api").source(FEEDBACK, "feedback").data("id\n1\n2\n", "stops.csv")
    hanging = start(project, "api", FAIRLEAD_SOURCES__API__URL=f"http://127.0.0.1:{silent.port}")
    try:
        assert silent.was_asked.wait(60)
        assert [oct(p.stat().st_mode & 0o777) for p in spools(project)] == ["0o700"]
        assert {oct(p.stat().st_mode & 0o777) for s in spools(project) for p in s.glob("*.arrow")} == {"0o600"}
        start_seconds = time.monotonic()
        result = answer(start(project, "--feedback"), 60)
        assert result["ok"] and result["sources"][0]["rows_landed"] == 2
        assert time.monotonic() - start_seconds < 30 and hanging.poll() is None
        hanging.send_signal(signal.SIGTERM)
        ended = answer(hanging, 10)
    finally:
        hanging.kill()
    assert hanging.returncode == 1 and not ended["ok"] and "SIGTERM" in ended["stopped"]
    assert "SIGTERM" in ended["sources"][0]["error"] and spools(project) == []
    assert project.rows("select * from raw.api__people") == [] and not [
        r for r in project.rows("select table_name t from information_schema.tables") if r["t"].startswith("_incoming")
    ]
    runs = project.rows("select outcome from ops.runs where step = 'pull' order by started_at")
    assert [r["outcome"] for r in runs] == ["failed", "ok"]


def test_what_a_killed_pull_left_on_disk_is_swept_by_the_next_and_a_living_ones_is_not(project, silent):
    silent.words = BEGINNING
    project.source(API, "api").source(FEEDBACK, "feedback").data("id\n1\n", "stops.csv")
    hanging = start(project, "api", FAIRLEAD_SOURCES__API__URL=f"http://127.0.0.1:{silent.port}")
    assert silent.was_asked.wait(60)
    pull(project.settings, DAY, ["feedback"])
    assert len(spools(project)) == 1
    hanging.kill()
    hanging.wait()
    assert len(spools(project)) == 1
    assert pull(project.settings, DAY, ["feedback"])["ok"] and spools(project) == []


def hears(process: "subprocess.Popen[str]", number: int) -> bool:
    """Whether it has a handler for the signal: it is past its imports."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    signal_line = next(line for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(signal_line.split()[1], 16) >> (number - 1) & 1)


def test_a_signal_ends_a_pull_in_a_pause_at_a_dead_database_and_at_the_warehouses_door(project, silent):
    project.source(API, "api").source(DATABASE, "shop")
    silent.words = LATER
    mute = socket.create_server(("127.0.0.1", 0))
    waiting = [
        start(project, "api", FAIRLEAD_SOURCES__API__URL=f"http://127.0.0.1:{silent.port}"),
        start(project, "shop", FAIRLEAD_SOURCES__SHOP__URL=f"postgresql://a:b@127.0.0.1:{mute.getsockname()[1]}/c"),
    ]
    numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGTERM]
    try:
        assert silent.was_asked.wait(60)
        open_socket = mute.accept()
        with connect(project.settings):
            waiting.append(start(project, "shop", FAIRLEAD_SOURCES__SHOP__URL="sqlite:////nowhere"))
            while not hears(waiting[2], signal.SIGTERM):
                time.sleep(0.1)
            for process, number in zip(waiting, numbers, strict=True):
                process.send_signal(number)
            start_seconds = time.monotonic()
            ended = [answer(process, 15) for process in waiting]
        assert time.monotonic() - start_seconds < 10
    finally:
        for end in (mute, open_socket[0]):
            end.close()
        for process in waiting:
            process.kill()
    assert [p.returncode for p in waiting] == [1, 1, 1]
    assert all(not e["ok"] and n.name in json.dumps(e) for e, n in zip(ended, numbers, strict=True)), json.dumps(
        ended, indent=1
    )


def test_a_signal_ends_a_pull_while_a_database_works_on_its_query(project, postgres):
    slow = "select '1' as id, pg_sleep(case when now() > '2000-01-01' then 100 end)::text as z"
    project.source(DATABASE.replace("table: people", f'query: "{slow}"'), "shop")
    pull_process = start(project, "shop", FAIRLEAD_SOURCES__SHOP__URL=postgres)
    running_queries = (
        "select count(*) from pg_stat_activity where state = 'active' and query like '%pg_sleep%' and "
        "pid <> pg_backend_pid()"
    )
    try:
        with contextlib.closing(psycopg2.connect(postgres)) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            while not (cursor.execute(running_queries) or cursor.fetchone()[0]):
                time.sleep(0.2)
        pull_process.send_signal(signal.SIGTERM)
        ended = answer(pull_process, 10)
    finally:
        pull_process.kill()
    assert pull_process.returncode == 1 and "SIGTERM" in ended["stopped"]


@pytest.mark.parametrize("scheme", ["postgresql", "mariadb"])
def test_a_database_that_never_answers_is_given_up(project, silent, scheme):
    limits = {"silence_seconds": 1}
    url = f"{scheme}://ann:hush@127.0.0.1:{silent.port}/shop"
    project.settings_given = {"sources": {"people": {"url": url}}, "pull": limits}
    project.source(DATABASE)
    start_seconds = time.monotonic()
    entry = project.pull()
    assert entry["error_kind"] == "RetryableError" and "pull.silence_seconds" in entry["error"]
    assert time.monotonic() - start_seconds < 10 and "hush" not in str(entry)


def test_a_locked_sqlite_file_is_given_up(project, tmp_path):
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as database:
        database.execute("create table people (id text)")
    database.close()
    project.settings_given = {"sources": {"people": {"url": f"sqlite:///{path}"}}, "pull": {"silence_seconds": 1}}
    project.source(DATABASE)
    lock = sqlite3.connect(path)
    lock.execute("begin exclusive")
    assert project.pull()["error_kind"] == "RetryableError"
    lock.rollback()
    lock.close()
    assert "error" not in project.pull()


def test_of_two_pulls_of_one_source_the_second_waits_for_its_turn(project, tmp_path):
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as database:
        database.execute("create table people (id text)")
        database.execute("insert into people values ('1')")
    database.close()
    project.source(DATABASE)
    project.settings_given = {
        "sources": {"people": {"url": f"sqlite:///{path}"}},
        "warehouse": {"lock_wait_seconds": 1},
    }
    with hold(project.settings, "pull.people"):
        assert "another process is at it" in project.pull()["error"]
    assert project.pull()["rows_landed"] == 1


def test_a_pull_waits_until_another_has_landed(project):
    project.source().data("id\n1\n")
    project.settings_given = {"warehouse": {"lock_wait_seconds": 30}}
    holding = threading.Event()

    def land() -> None:
        with hold(project.settings, "pull"):
            holding.set()
            time.sleep(0.7)

    other = threading.Thread(target=land)
    other.start()
    assert holding.wait(10)
    start_seconds = time.monotonic()
    assert project.pull()["rows_landed"] == 1
    assert time.monotonic() - start_seconds > 0.5
    other.join()
