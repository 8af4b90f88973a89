"""Databases: PostgreSQL, MySQL or MariaDB by ConnectorX, SQLite by Python's own reader; every value comes as text and is typed by us.

dlt's sql_database was measured against it (a million rows of four columns from SQLite, 2 cores): 24.9 s against less than six; and
one malformed date in SQLite, which has no types to speak of, ended its whole load. Text goes through, and the one row is rejected.
Python's reader takes two seconds more for a million rows of SQLite than ConnectorX, which one value that is no UTF-8 ends.
"""

import json
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from connectors.header import judge
from connectors.kinds import database_reader
from connectors.kinds.rows import place_rows
from connectors.kinds.streams import marked
from connectors.patience import Patience
from connectors.source import Batch, Reading, Request
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
MYSQL_TIMESTAMP = 7  # its type code in the wire protocol; a datetime, which has no zone, is 12
DOUBTFUL_SECONDS = 2 * 3600  # of local time around a clock change
NO_CLOCK = ("1970-01-02", "9999-01-01")  # before and from here on an instant is none: 0000-00-00, -infinity, infinity
TEXT = {"postgresql": "text", "mysql": "char", "mariadb": "char", "sqlite": "text"}


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

    def columns(self, relation: str) -> dict[str, bool]:
        """A relation's columns; True where MySQL shows an instant in the session's zone. Raises RetryableError when it does not answer."""
        from sqlalchemy import text
        from sqlalchemy.exc import OperationalError, SQLAlchemyError

        engine = self.engine()
        try:
            with engine.connect() as connection:
                cursor = connection.execute(text(f"select * from {relation} where 1 = 0")).cursor
                described = cursor.description if cursor else ()
                return {name: self.mysql and kind == MYSQL_TIMESTAMP for name, kind, *_ in described}
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
        reading = _here(self.path, query) if self.system == "sqlite" else _beside(address, query, patience)
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


def _here(path: str, query: str) -> Iterator[pa.RecordBatch]:
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


def _beside(address: str, query: str, patience: Patience) -> Iterator[pa.RecordBatch]:
    """By a process of its own, which can be ended while it waits for the server."""
    # -P: our folder holds an http.py, which is not the library's
    command = [sys.executable, "-P", str(Path(database_reader.__file__))]
    asked = json.dumps({"address": address, "query": query, "batch_rows": BATCH_ROWS}).encode()
    with tempfile.TemporaryFile() as words:
        reader = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=words)
        patience.helpers.append(reader.kill)
        try:
            assert reader.stdin is not None and reader.stdout is not None
            reader.stdin.write(asked)
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


def read(request: Request) -> Reading:
    table = request.table
    database = database_of(request)
    relation = f"({table.query}) as q" if table.query else _quoted(str(table.table), database)
    names = database.columns(relation)
    request.refuse_strangers(names)
    warnings: list[str] = []
    judge(request, list(names), warnings)
    due, low = _bounds(request, names, database)
    query = f"select {_texts(names, database)} from {relation}"
    if request.again is not None:
        return Reading(
            _batches(
                database.stream(query + _again(request, names, database, due), request.patience), tuple(names), request
            )
        )
    conditions = " and ".join(f"({condition})" for condition in (due, low) if condition)
    where = f" where {conditions}" if conditions else ""
    reading = Reading(
        _batches(database.stream(query + where, request.patience), tuple(names), request), warnings=warnings
    )
    if table.deletes == "snapshot":
        keys = {name: names[name] for name in (_source_of(request, k, names) for k in table.key)}
        mark = f"case when {due or '1 = 1'} then '1' else '0' end as {_quoted(f'c{len(keys)}', database)}"
        listing = database.stream(f"select {_texts(keys, database)}, {mark} from {relation}", request.patience)
        reading.keys = (b.data for b in _batches(listing, (*keys, "due"), request))
    return reading


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
    """SQLite makes an empty database where there is none: look before, and do not let a missing file pass for no rows."""
    if not Path(path).is_file():
        raise RetryableError(f"{source}: the SQLite file is not there. Check [sources.{source}] url.")
    try:
        with closing(open_sqlite(path)) as connection:
            connection.execute("select count(*) from sqlite_master")
    except sqlite3.DatabaseError as error:
        raise RetryableError(f"{source}: the SQLite file cannot be read: {error}.") from None


def _bounds(request: Request, names: dict[str, bool], database: Database) -> tuple[str, str]:
    """What belongs to the day or an earlier one, and what is not older than the high-water mark less the late days.

    A row whose cursor is nothing, or what no clock shows, is in both: it is landed or refused, and never left out in silence.
    """
    table = request.table
    if not table.cursor:
        return "", ""
    column = table.columns[table.cursor]
    source = _source_of(request, table.cursor, names)
    name = _quoted(source, database, whole=True)
    if column.type not in ("timestamp", "date"):
        return "", f"{name} > {_number(request.since)} or {name} is null" if request.since else ""
    plain = name
    if database.system == "sqlite":
        # instants are numbers or texts of any shape there; one that is neither gives NULL and comes along
        name = f"case when typeof({name}) = 'text' then datetime({name}) else datetime({name}, 'unixepoch') end"
    always = f"{name} is null or {name} < '{NO_CLOCK[0]}' or {name} >= '{NO_CLOCK[1]}'"
    if names[source]:  # MySQL's instants, which reach to 2038
        always = f"{plain} is null or {plain} < '{NO_CLOCK[0]}'"

    def bound(sign: str, moment: datetime) -> str:
        if names[source]:
            return f"({_mysql_bound(name, sign, moment)}) or {always}"
        return f"{name} {sign} '{_local(moment, column.time_zone).isoformat(' ')}' or {always}"

    low = ""
    if request.since:
        moment = datetime.fromisoformat(request.since) - timedelta(days=table.late_days)
        low = bound(">=", moment.replace(microsecond=0))
    return bound("<", request.settings.end_of_day(request.day)), low


def _again(request: Request, names: dict[str, bool], database: Database, due: str) -> str:
    """Rows that a snapshot showed and no pull ever got: by their keys, or all."""
    columns = [_quoted(_source_of(request, k, names), database, whole=True) for k in request.table.key]
    texts = [f"cast({column} as {TEXT[database.system]})" for column in columns]
    wanted = " or ".join(
        "("
        + " and ".join(f"{text} = {_literal(value, database)}" for text, value in zip(texts, key, strict=True))
        + ")"
        for key in request.again or ()
    )
    conditions = [f"({condition})" for condition in (due, wanted) if condition]
    return f" where {' and '.join(conditions)}" if conditions else ""


def _mysql_bound(name: str, sign: str, moment: datetime) -> str:
    """An instant against a UTC one: exactly, and before that widely in the session's zone, as an index can be asked."""
    second = int(moment.replace(tzinfo=UTC).timestamp())
    wide = second + (DOUBTFUL_SECONDS if sign == "<" else -DOUBTFUL_SECONDS)
    return f"{name} {sign} from_unixtime({wide}) and unix_timestamp({name}) {sign} {second}"


def _local(moment: datetime, zone: str | None) -> datetime:
    """A UTC instant as the source writes it."""
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) if zone else moment


def _number(mark: str | None) -> str:
    try:
        return str(int(str(mark)))
    except ValueError:
        return "'" + str(mark).replace("'", "''") + "'"


def _literal(text: str, database: Database) -> str:
    if database.mysql:  # where a backslash is a sign of its own
        text = text.replace("\\", "\\\\")
    return "'" + text.replace("'", "''") + "'"


def _source_of(request: Request, column: str, names: dict[str, bool]) -> str:
    wanted = request.table.columns[column].source or column
    if wanted not in names:
        raise FatalError(
            f"{request.source}.{request.name}: the source has no column {wanted} any more, and it is the key or cursor."
        )
    return wanted


def _texts(names: dict[str, bool], database: Database) -> str:
    """Each column as text."""
    quoted = {name: _quoted(name, database, whole=True) for name in names}
    values = [
        f"date_add('1970-01-01', interval unix_timestamp({quoted[n]}) second)" if instant else quoted[n]
        for n, instant in names.items()
    ]
    cells = [f"cast({value} as {TEXT[database.system]})" for value in values]
    if database.system == "sqlite":
        cells = [_sqlite_text(value, cell) for value, cell in zip(values, cells, strict=True)]
    return ", ".join(f"{cell} as {_quoted(f'c{i}', database)}" for i, cell in enumerate(cells))


def _sqlite_text(value: str, cell: str) -> str:
    """SQLite writes a real with 15 digits; with 17 where those are another number."""
    return f"case when typeof({value}) = 'real' and cast({cell} as real) <> {value} then printf('%!.17g', {value}) else {cell} end"


def _quoted(name: str, database: Database, whole: bool = False) -> str:
    mark = "`" if database.mysql else '"'
    parts = [name] if whole else name.split(".")
    return ".".join(mark + part.replace(mark, mark * 2) + mark for part in parts)


def _batches(stream: Iterator[pa.RecordBatch], names: tuple[str, ...], request: Request) -> Iterator[Batch]:
    line = 1
    for batch in stream:
        request.patience.alive()
        count = batch.num_rows
        if count:
            lines = np.arange(line, line + count)
            line += count
            columns = [c.cast(pa.string()) for c in batch.columns]
            nothing = pa.nulls(count, pa.string())
            yield Batch(names, place_rows(columns, lines, "", request.day, nothing, nothing))
