"""Whatever form the warehouse's URL has: our own connections and dbt's ask the same server for the same."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml
from support.shop import ROOT

from core.build import dbt_environment
from core.errors import ConfigError, FairleadError
from core.settings import Settings, load_settings
from core.warehouse import connect

SSL_REQUEST, PASSWORD_WANTED = b"\x04\xd2\x16\x2f", b"R\x00\x00\x00\x08\x00\x00\x00\x03"
DIFFERENT = {
    b"application_name",
    b"client_encoding",
    b"options",
    b"datestyle",
    b"timezone",
}  # each client's own, and no matter of the place


class Listener:
    """Takes connections as a PostgreSQL, has no TLS, wants a password in clear, keeps what each client sent."""

    def __init__(self, folder: Path) -> None:
        self.requests: list[bytes] = []
        self.by_network = socket.create_server(("127.0.0.1", 0))
        self.port, self.folder = self.by_network.getsockname()[1], folder
        self.by_file = socket.socket(socket.AF_UNIX)
        self.by_file.bind(str(folder / f".s.PGSQL.{self.port}"))
        self.by_file.listen()
        for server, kind in ((self.by_network, b"network"), (self.by_file, b"file")):
            threading.Thread(target=self._serve, args=(server, kind), daemon=True).start()

    def _serve(self, server: socket.socket, kind: bytes) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                client = server.accept()[0]
                with client, contextlib.suppress(OSError):
                    self._answer(client, kind)

    def _answer(self, client: socket.socket, kind: bytes) -> None:
        client.settimeout(5)
        while content := client.recv(4096):
            self.requests.append(kind + b" " + content)
            if content[4:8] == SSL_REQUEST:
                client.sendall(b"N")
            elif content[4:8] == b"\x00\x03\x00\x00":
                client.sendall(PASSWORD_WANTED)
            else:
                return

    def taken(self) -> set[bytes]:
        """What the last client asked for, each thing once: a client comes again after a refusal."""
        requests, self.requests = self.requests, []
        return {_without_its_own(request) for request in requests}


def _without_its_own(request: bytes) -> bytes:
    kind, _, content = request.partition(b" ")
    if content[4:8] != b"\x00\x03\x00\x00":
        return request
    words = content[8:].split(b"\0")
    pairs = zip(words[::2], words[1::2], strict=False)
    return kind + b" " + b" ".join(sorted(b"=".join(pair) for pair in pairs if pair[0] not in DIFFERENT))


@pytest.fixture
def listener(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listener]:
    server = Listener(tmp_path_factory.mktemp("s"))
    yield server
    server.by_network.close()
    server.by_file.close()


def by_adbc(settings: Settings) -> None:
    with contextlib.suppress(FairleadError), connect(settings):
        pass


def by_sqlalchemy(settings: Settings) -> None:
    """As `Postgres.sqlalchemy` opens one, on an engine that has no connection of its own."""
    from core.engines.postgres import Postgres
    from core.engines.postgres_url import with_timeouts

    engine = Postgres.__new__(Postgres)
    engine.settings, engine.read_only = settings, True
    engine.url = with_timeouts(settings.warehouse.url, settings.warehouse.lock_wait_seconds)
    with contextlib.suppress(sa.exc.DBAPIError, FairleadError):
        engine.sqlalchemy("raw").connect()


def by_dbt(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The profile as dbt reads it, opened as dbt opens it."""
    from dbt.adapters.contracts.connection import Connection
    from dbt.adapters.exceptions import FailedToConnectError
    from dbt.adapters.postgres.connections import PostgresConnectionManager, PostgresCredentials
    from dbt.config.renderer import ProfileRenderer
    from dbt_common.context import set_invocation_context

    with monkeypatch.context() as patch:
        variables = dbt_environment(settings, date(2026, 3, 29))
        for name, value in variables.items():
            patch.setenv(name, value)
        set_invocation_context(variables)
        profile = yaml.safe_load((ROOT / "dbt_project/profiles.yml").read_text())
        words: dict[str, Any] = ProfileRenderer({}).render_data(profile["fairlead"]["outputs"]["postgres"])
        words = {key: value for key, value in words.items() if key not in ("type", "threads")} | {"retries": 0}
        words["database"] = words.pop("dbname")
        connection = Connection("postgres", None, PostgresCredentials.from_dict(words))
        with contextlib.suppress(FailedToConnectError):
            PostgresConnectionManager.open(connection)


FORMS = {
    "plain": "postgresql://app:pass-word@127.0.0.1:{port}/m",
    "escapes": "postgres://a%40b:p%2Fw@127.0.0.1:{port}/m%2Fn",
    "a folder in the query": "postgresql://app:pass-word@/m?host={folder}&port={port}",
    "a folder as the host": "postgresql://app:pass-word@{escaped}:{port}/m",
    "all in the query": "postgresql:///?host=127.0.0.1&port={port}&user=app&password=pass-word&dbname=m",
    "the query wins": "postgresql://other:other@192.0.2.1:1/other?host=127.0.0.1&port={port}&user=app&dbname=m",
    "its address beside a name": "postgresql://app:pass-word@db.example.com:{port}/m?hostaddr=127.0.0.1",
    "TLS demanded": "postgresql://app:pass-word@127.0.0.1:{port}/m?sslmode=require",
    "TLS by JDBC's word": "postgresql://app:pass-word@127.0.0.1:{port}/m?ssl=true",
    "TLS at once": "postgresql://app:pass-word@127.0.0.1:{port}/m?sslmode=require&sslnegotiation=direct",
    "a certificate demanded": "postgresql://app:pass-word@127.0.0.1:{port}/m?sslmode=verify-full&sslrootcert=system",
    "no TLS": "postgresql://app:pass-word@127.0.0.1:{port}/m?sslmode=disable",
    "no password in clear": "postgresql://app:pass-word@127.0.0.1:{port}/m?require_auth=scram-sha-256",
    "no password": "postgresql://app@127.0.0.1:{port}/m",
}


@pytest.mark.parametrize("form", FORMS)
def test_dbt_asks_the_server_for_what_our_own_connections_ask(
    form: str, listener: Listener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PGHOST", "PGPORT", "PGUSER", "PGDATABASE"):
        monkeypatch.setenv(name, "9")  # what stands for a missing part would differ
    monkeypatch.setenv("PGPASSWORD", "of-the-environment")
    folder = str(listener.folder)
    url = FORMS[form].format(port=listener.port, folder=folder, escaped=folder.replace("/", "%2F"))
    settings = load_settings(home=tmp_path, warehouse={"engine": "postgres", "url": url, "lock_wait_seconds": 2})
    by_adbc(settings)
    ours = {kind: _tls_or_whole(kind) for kind in listener.taken()}
    assert ours
    by_sqlalchemy(settings)
    assert set(map(_tls_or_whole, listener.taken())) == set(ours.values())
    by_dbt(settings, monkeypatch)
    assert set(map(_tls_or_whole, listener.taken())) == set(ours.values())


def _tls_or_whole(request: bytes) -> bytes:
    """A first word of TLS holds random numbers."""
    kind, _, content = request.partition(b" ")
    return kind + b" TLS" if content[:2] == b"\x16\x03" else request


def test_no_connection_sends_a_password_where_tls_was_demanded(
    listener: Listener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"postgresql://app:pass-word@127.0.0.1:{listener.port}/m?sslmode=verify-full"
    settings = load_settings(home=tmp_path, warehouse={"engine": "postgres", "url": url, "lock_wait_seconds": 2})
    by_adbc(settings)
    by_sqlalchemy(settings)
    by_dbt(settings, monkeypatch)
    assert listener.requests and not any(b"pass-word" in request for request in listener.requests)


def test_dbt_waits_and_knocks_as_the_url_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql://app@h/m?connect_timeout=7&keepalives_idle=9&options=-c%20role%3Dx"
    settings = load_settings(home=tmp_path, warehouse={"engine": "postgres", "url": url, "lock_wait_seconds": 2})
    monkeypatch.setenv("PGOPTIONS", "-c geqo=off")  # which libpq leaves where the URL has options of its own
    variables = dbt_environment(settings, date(2026, 3, 29))
    assert variables["FAIRLEAD_POSTGRES_CONNECT_TIMEOUT"] == "7"
    assert variables["FAIRLEAD_POSTGRES_KEEPALIVES_IDLE"] == "9"
    assert variables["PGOPTIONS"].startswith("-c role=x -c lock_timeout=2000 ")


@pytest.mark.parametrize(
    ("url", "reason"), [
        ("postgresql://app:hush@/m", "no host"), ("postgresql://h/m", "no user"), ("postgresql://app@h", "no dbname"),
        ("postgresql:///", "no host and no user and no dbname"),
        ("postgresql://app:hush@one,two/m", "several servers"),
        ("postgresql://app@h/m?host=one,two", "several servers"),
        ("postgresql://app@h/m?port=1,2", "several servers"), ("postgresql://app@h/m?port=x", "port is no number"),
        ("postgresql://app@h/m?service=hush", "service, which dbt cannot be given"),
        ("postgresql://app@h/m?sslpassword=hush", "sslpassword, which dbt cannot be given"),
        ("postgresql://app@h/m?connect_timeout=soon", "connect_timeout is no number"),
        ("postgresql://app@h/m?sslmod=hush", "does not know"),
    ],
)  # fmt: skip
def test_a_url_that_dbt_could_read_in_another_way_is_refused_before_a_word_is_sent(
    url: str, reason: str, tmp_path: Path
) -> None:
    settings = load_settings(home=tmp_path, warehouse={"engine": "postgres", "url": url})
    with pytest.raises(ConfigError, match=reason) as failure, connect(settings):
        pass
    assert "hush" not in str(failure.value)
    with pytest.raises(ConfigError, match=reason):
        dbt_environment(settings, date(2026, 3, 29))
