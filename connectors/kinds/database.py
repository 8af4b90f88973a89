"""One database by its address: names and types by SQLAlchemy, rows as text by ConnectorX or Python's own reader.

dlt's sql_database was measured against it (a million rows of four columns from SQLite, 2 cores): 24.9 s against less
than six; and one malformed date in SQLite, which has no types to speak of, ended its whole load. Text goes through, and
the one row is rejected. Python's reader takes two seconds more for a million rows of SQLite than ConnectorX, which one
value that is no UTF-8 ends.
"""

import json
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa

from connectors.kinds import database_reader
from connectors.kinds.streams import marked
from connectors.patience import Patience
from connectors.reading import Request
from core.addresses import PLAIN, is_understood, secrets_of
from core.errors import ConfigError, FatalError, RetryableError

BATCH_ROWS = 50_000
DIALECTS = {
    "postgresql": "postgresql+psycopg2",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
    "sqlite": "sqlite",
}
FAST = {"postgresql": "postgresql", "mysql": "mysql", "mariadb": "mysql", "sqlite": "sqlite"}  # ConnectorX's names
ASK_SECONDS = 30  # for a connection, and for the names of columns
PATIENCE: dict[str, dict[str, Any]] = {
    "postgresql+psycopg2": {"connect_timeout": ASK_SECONDS, "options": f"-c statement_timeout={ASK_SECONDS * 1000}"},
    "mysql+pymysql": {"connect_timeout": ASK_SECONDS, "read_timeout": ASK_SECONDS, "write_timeout": ASK_SECONDS},
}


class Order(Enum):
    """How the values of a column sort where they lie."""

    NONE = "by letters, or in an order of their own"
    NUMBER = "by size"
    CLOCK = "as dates, or as times without a zone"
    INSTANT = "as instants"
    MYSQL_INSTANT = "as instants that are shown in the session's zone"
    MYSQL_TEXT = "by letters, or bytes, as the column's collation says"
    MYSQL_BITS = "as bits"
    ANY = "value by value, each of which has a type of its own"


# By the types' codes in the wire protocols. A float of MySQL and a real of PostgreSQL are shown with fewer digits than
# they have, and a mark of those would be another number.
ORDERS: dict[str, dict[int, Order]] = {
    "postgresql": {1082: Order.CLOCK, 1114: Order.CLOCK, 1184: Order.INSTANT}
    | dict.fromkeys((20, 21, 23, 701, 1700), Order.NUMBER),
    "mysql": {7: Order.MYSQL_INSTANT, 10: Order.CLOCK, 12: Order.CLOCK, 16: Order.MYSQL_BITS}
    | dict.fromkeys((15, 249, 250, 251, 252, 253, 254), Order.MYSQL_TEXT)
    | dict.fromkeys((0, 1, 2, 3, 5, 8, 9, 246), Order.NUMBER),
}


@dataclass(frozen=True)
class Database:
    """One database by URL, its secrets kept out of every message."""

    url: str
    system: str
    most_minutes: float = 240  # that one query may take

    @property
    def mysql(self) -> bool:
        return FAST[self.system] == "mysql"

    @property
    def path(self) -> str:
        """Where an SQLite file lies."""
        return sqlite_path(self.url)

    def engine(self) -> Any:
        """SQLAlchemy on it, for names and types; rows go by `stream`."""
        from sqlalchemy import create_engine
        from sqlalchemy.pool import NullPool

        if self.system == "sqlite":
            return create_engine("sqlite://", creator=lambda: open_sqlite(self.path), poolclass=NullPool)
        address = DIALECTS[self.system] + self.url[self.url.index("://") :]
        return create_engine(address, connect_args=PATIENCE.get(DIALECTS[self.system], {}))

    def columns(self, relation: str) -> dict[str, Order]:
        """A relation's columns, and how each sorts.

        Raises RetryableError when it does not answer.
        """
        from sqlalchemy import text
        from sqlalchemy.exc import OperationalError, SQLAlchemyError

        engine = self.engine()
        try:
            with engine.connect() as connection:
                cursor = connection.execute(text(f"select * from {relation} where 1 = 0")).cursor
                described = cursor.description if cursor else ()
                if self.system == "sqlite":
                    return {name: Order.ANY for name, *_ in described}
                orders = ORDERS[FAST[self.system]]
                return {name: orders.get(kind, Order.NONE) for name, kind, *_ in described}
        except OperationalError as error:
            if (
                getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
            ):  # of what was asked; not its state
                raise FatalError(f"the source has no such table: {error.orig}.") from None
            raise RetryableError(f"the database does not answer: {self.hidden(error.orig)}") from None
        except SQLAlchemyError as error:
            raise FatalError(f"the database refuses to read: {self.hidden(getattr(error, 'orig', error))}") from None
        finally:
            engine.dispose()

    def stream(self, query: str, patience: Patience) -> Iterator[pa.RecordBatch]:
        """Text batches; memory does not grow with the rows."""
        address = FAST[self.system] + self.url[self.url.index("://") :]
        if (
            self.system == "postgresql"
        ):  # dates as ISO, instants as UTC, whatever the server's habits; no query outlives us long
            limit = f"-c%20statement_timeout%3D{int(self.most_minutes * 60_000)}"
            address += ("&" if "?" in address else "?") + f"connect_timeout={ASK_SECONDS}"
            address += f"&options=-c%20datestyle%3DISO%20-c%20timezone%3DUTC%20{limit}"
        # SQLite waits five seconds for a lock, and for nothing else
        reading = (
            _in_this_process(self.path, query) if self.system == "sqlite" else _in_a_child(address, query, patience)
        )
        try:
            yield from reading
        except _BrokenOffError as error:
            words = self.hidden(error)
            if error.panicked:
                raise FatalError(f"the database cannot be read: {words}") from None
            raise RetryableError(f"the database broke off: {words}") from None

    def hidden(self, error: Any) -> str:
        """The first line of a driver's message, without the address and the password in it."""
        line = str(error).strip().replace(self.url, "…")
        for secret in secrets_of(self.url):
            line = line.replace(secret, "…")
        return next(iter(line.splitlines()), type(error).__name__)[:300]


class _BrokenOffError(Exception):
    """What a driver said; `panicked` where it met what it cannot read."""

    def __init__(self, words: str, panicked: bool) -> None:
        super().__init__(words)
        self.panicked = panicked


def sqlite_path(url: str) -> str:
    return url.removeprefix("sqlite:///")


def open_sqlite(path: str) -> sqlite3.Connection:
    """Read-only, or SQLite would make an empty database where there is none; `?` and `#` may stand in a file's name."""
    return sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, check_same_thread=False)


def _in_this_process(path: str, query: str) -> Iterator[pa.RecordBatch]:
    """SQLite by Python's own reader, in bytes: ConnectorX ends a whole table on one value that is no UTF-8."""
    try:
        with closing(open_sqlite(path)) as connection:
            connection.text_factory = bytes
            cursor = connection.execute(query)
            while rows := cursor.fetchmany(BATCH_ROWS):
                columns = [_in_utf8(column) for column in zip(*rows, strict=True)]
                yield pa.RecordBatch.from_arrays(columns, names=[f"c{i}" for i in range(len(columns))])
    except sqlite3.Error as error:
        raise _BrokenOffError(str(error), panicked=False) from None


def _in_utf8(values: tuple[bytes | None, ...]) -> pa.Array:
    try:
        return pa.array(values, pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        return pa.array([None if value is None else marked(value) for value in values], pa.string())


def _in_a_child(address: str, query: str, patience: Patience) -> Iterator[pa.RecordBatch]:
    """By a process of its own, which can be ended while it waits for the server."""
    # -P: our folder holds an http.py, which is not the library's
    command = [sys.executable, "-P", str(Path(database_reader.__file__))]
    order = json.dumps({"address": address, "query": query, "batch_rows": BATCH_ROWS}).encode()
    with tempfile.TemporaryFile() as words:
        reader = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=words)
        patience.helpers.append(reader.kill)
        try:
            assert reader.stdin is not None and reader.stdout is not None
            reader.stdin.write(order)
            reader.stdin.close()
            with suppress(pa.ArrowInvalid, OSError):  # it broke off: its exit code says why
                yield from pa.ipc.open_stream(reader.stdout)
            code = reader.wait()
        finally:
            reader.kill()
            reader.wait()
        words.seek(0)
        if code:
            raise _BrokenOffError(words.read(2000).decode("utf-8", "replace"), code == database_reader.PANICKED)


def database_of(request: Request) -> Database:
    url = request.place.url
    if not url:
        raise ConfigError(f"{request.source} has no url. Set [sources.{request.source}] url in fairlead.toml.")
    system = url.split("://")[0].split("+")[0].replace("postgres", "postgresql").replace("postgresqlql", "postgresql")
    if system not in DIALECTS or "://" not in url:
        raise ConfigError(f"{request.source}: its url begins with none of {'://, '.join(sorted(DIALECTS))}://.")
    if system == "sqlite":
        _look_at_sqlite(sqlite_path(url), request.source)
    elif not is_understood(system + url[url.index("://") :], (system,)):
        raise ConfigError(f"{request.source}: its url is no {system}://{PLAIN}")
    return Database(system + url[url.index("://") :], system, request.settings.pull.table_minutes)


def _look_at_sqlite(path: str, source: str) -> None:
    """SQLite makes an empty database where there is none: a missing file must not pass for no rows."""
    if not Path(path).is_file():
        raise RetryableError(f"{source}: the SQLite file is not there. Check [sources.{source}] url.")
    try:
        with closing(open_sqlite(path)) as connection:
            connection.execute("select count(*) from sqlite_master")
    except sqlite3.DatabaseError as error:
        raise RetryableError(f"{source}: the SQLite file cannot be read: {error}.") from None
