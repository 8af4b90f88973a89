"""PostgreSQL through ADBC: Arrow both ways, COPY underneath."""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import pyarrow as pa

from core.addresses import PLAIN, is_understood
from core.engines.looked import looked, named_infinities
from core.engines.postgres_reads import refuse_unless_read
from core.engines.postgres_types import ARROW_TYPES, INFINITIES, readable, sql_type, written_out
from core.engines.waited import Waited, nobody_asks
from core.errors import ConfigError, FatalError, RetryableError
from core.settings import MOST_MILLISECONDS, Settings
from core.statements import WriteRefusedError

T = TypeVar("T")
# https://www.postgresql.org/docs/current/errcodes-appendix.html
PASSES = (
    "08",
    "40",
    "53300",
    "55P03",
    "57",
)  # lost, undone for a rival, too many clients, a lock not had, an operator's doing
STOPS = ("53", "58", "XX")  # disk or memory, the system, a damaged file
CONNECT_SECONDS = (2, 10)  # of each address: the least that libpq knows, and what a server far away needs
CONNECTS = 6  # ADBC connects twice, and a name may have several addresses
ANSWER_SECONDS = 10  # for `select 1`, where nobody knows whether the server still is there
# A server that is gone without a word (its machine, the network) is noticed a minute later, whatever the system's own clocks are.
ALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 60_000}
SPARE_SECONDS = 5  # what the server gives a query beyond our own limit
READER = "pg_read_all_data"  # may read every table, and neither write nor reach the server's files (PostgreSQL 14)


class Postgres:
    name = "postgres"
    row_hash_type = "bigint"

    def __init__(self, settings: Settings, read_only: bool = False, stopped: Callable[[], str] = nobody_asks) -> None:
        from adbc_driver_manager import dbapi as adbc

        self.settings, self.waited = settings, Waited(stopped)
        self.url, self.read_only, self.failure, self.role = settings.warehouse.url, read_only, adbc.Error, ""
        if not self.url:
            raise ConfigError("warehouse.engine is postgres, but warehouse.url is empty. Set FAIRLEAD_WAREHOUSE__URL.")
        _refuse_unless_url(self.url)
        self.connection = self._connected()
        try:
            self._set_up()
        except BaseException:
            self.close()
            raise

    def _connected(self) -> Any:
        from adbc_driver_postgresql import dbapi

        least, most = CONNECT_SECONDS
        self.url = _with_clocks(self.url, int(min(max(least, self.settings.warehouse.lock_wait_seconds), most)))
        given = dict(parse_qsl(urlsplit(self.url).query))["connect_timeout"]
        seconds = (
            CONNECTS * int(given) if given.isdecimal() and int(given) else math.inf
        )  # 0 is libpq's word for no end

        def told(why: str) -> RetryableError:
            return RetryableError(f"PostgreSQL does not answer: {why}. Check warehouse.url and the server.")

        try:
            return self.waited.call(
                lambda: dbapi.connect(self.url, autocommit=True),
                None,
                seconds,
                lambda: told(f"silent for {seconds:g} s"),
            )
        except self.failure as error:
            raise told(_first_line(error)) from None

    def _set_up(self) -> None:
        patience = self.settings.warehouse.lock_wait_milliseconds
        self.execute(
            f"select set_config('TimeZone', 'UTC', false), set_config('lock_timeout', '{patience}', false)", ()
        )
        if self.read_only:
            role = f"select rolname from pg_roles where rolname = '{READER}' and pg_has_role(rolname, 'member')"
            self.role = "".join(self.query(role, ())["rolname"].to_pylist())
            self._only_read(True)

    def _only_read(self, on: bool) -> None:
        """Every transaction from here on reads only, under the role that may do no more where we are a member of it."""
        self.execute(f"set default_transaction_read_only = {'on' if on else 'off'}", ())
        if self.role:
            self.execute(f"set role {self.role}" if on else "reset role", ())

    @contextmanager
    def _told(self) -> Iterator[None]:
        """An error by its SQLSTATE; one that has none is a lost connection when the server does not answer any more."""
        try:
            yield
        except self.failure as error:
            state = getattr(error, "sqlstate", None) or ""
            if state.startswith(PASSES) or (not state and not self._answers()):
                raise RetryableError(
                    f"PostgreSQL was lost or busy: {_first_line(error)}. What was not committed is undone; run the step again."
                ) from None
            if state.startswith(STOPS):
                raise FatalError(
                    f"The warehouse stopped: {_first_line(error)}. Look at the server's log, its disk and its memory; "
                    "a damaged table comes back from a backup."
                ) from None
            if state == "25006":
                raise WriteRefusedError(
                    f"This connection writes to nothing and may not: {_first_line(error)}."
                ) from None
            raise

    def _answers(self) -> bool:
        def ask(cursor: Any) -> None:
            cursor.execute("select 1")
            cursor.fetchone()

        try:
            self._work(ask, ANSWER_SECONDS)
        except self.failure as error:
            return bool(getattr(error, "sqlstate", None))  # a refusal is an answer too (a transaction that has failed)
        except RetryableError:
            return False
        return True

    def _work(self, work: Callable[[Any], T], seconds: float = math.inf) -> T:
        """What is done with a cursor, in the driver's own thread from its opening to its end."""
        cursor = self.connection.cursor()

        def run() -> T:
            with cursor:
                return work(cursor)

        return self.waited.call(run, cursor.adbc_cancel, seconds)

    def _read(self, cursor: Any, sql: str, params: Sequence[Any] = ()) -> tuple[pa.RecordBatchReader, list[str]]:
        """A reader of what comes as it is meant, and the names of its columns."""
        given = list(params) or None
        described = cursor.adbc_execute_schema(sql, given)
        cursor.execute(written_out(sql, described), given)
        return cursor.fetch_record_batch(), described.names

    def query(self, sql: str, params: Sequence[Any]) -> pa.Table:
        def read(cursor: Any) -> pa.Table:
            reader, names = self._read(cursor, sql, params)
            return readable(reader.read_all(), names)

        with self._told():
            return self._work(read)

    def look(self, sql: str) -> pa.Table:
        """The server keeps the time too, for the case that nobody is left here to do so."""
        limit = int((self.settings.warehouse.look_seconds + SPARE_SECONDS) * 1000)
        self.execute(f"set statement_timeout = {min(limit, MOST_MILLISECONDS)}", ())
        names: list[str] = []
        cursor = self.connection.cursor()

        def read() -> pa.RecordBatchReader:
            reader, names[:] = self._read(cursor, sql)
            return reader

        with self._told():
            try:
                table = readable(looked(self.settings, self.waited, read, cursor.adbc_cancel), names)
            except (
                pa.ArrowException,
                OSError,
            ) as error:  # on its way through Arrow an error of the driver loses its type
                kind = ConfigError if self._answers() else RetryableError
                raise kind(f"The query broke off: {_first_line(error)}.") from None
            finally:
                self._end(cursor)
        return named_infinities(table, INFINITIES)

    def stream(self, sql: str, params: Sequence[Any], batch_rows: int) -> pa.RecordBatchReader:
        cursor = self.connection.cursor()
        with self._told():
            reader, names = self.waited.call(lambda: self._read(cursor, sql, params), cursor.adbc_cancel)
        first = readable(reader.schema.empty_table(), names).schema
        return pa.RecordBatchReader.from_batches(first, self._batches(reader, names, cursor, batch_rows))

    def _batches(
        self, reader: pa.RecordBatchReader, names: list[str], cursor: Any, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        try:
            while (batch := self.waited.call(lambda: next(reader, None), cursor.adbc_cancel)) is not None:
                yield from readable(pa.Table.from_batches([batch]), names).to_batches(max_chunksize=batch_rows)
        except (pa.ArrowException, OSError) as error:  # on its way through Arrow an error of the driver loses its type
            kind = FatalError if self._answers() else RetryableError
            raise kind(
                f"PostgreSQL broke off while rows were read: {_first_line(error)}. Run the step again."
            ) from None
        finally:
            self._end(cursor)

    def _end(self, cursor: Any) -> None:
        """Of a lost connection, and of one whose driver is still at work, there is nothing to close."""
        if not self.waited.is_left:
            with suppress(self.failure):
                self.waited.call(cursor.close, cursor.adbc_cancel)

    def execute(self, sql: str, params: Sequence[Any]) -> int:
        def run(cursor: Any) -> int:
            cursor.execute(_counted(sql), list(params) or None)
            if cursor.description:
                rows = cursor.fetchall()
                return int(rows[0][0]) if rows and sql is not _counted(sql) else len(rows)
            return max(cursor.rowcount, 0)

        with self._told():
            return self._work(run)

    def refuse_unless_read(self, sql: str) -> None:
        refuse_unless_read(sql, self.query)

    @contextmanager
    def scratch(self) -> Iterator[None]:
        """Temporary tables may be written, which a transaction that only reads does not let."""
        if not self.read_only:
            yield
            return
        self._only_read(False)
        try:
            yield
        finally:
            self._only_read(True)

    def append(self, schema: str, table: str, data: pa.Table | pa.RecordBatchReader) -> int:
        wanted = self.query(
            "select column_name, data_type from information_schema.columns where table_schema = $1 and table_name = $2",
            [schema, table],
        )
        types = dict(zip(wanted["column_name"].to_pylist(), wanted["data_type"].to_pylist(), strict=True))
        unknown = [name for name in data.schema.names if name not in types]
        if unknown:
            raise FatalError(f"{schema}.{table} has no column {', '.join(unknown)}.")
        target = pa.schema([(f.name, ARROW_TYPES.get(types[f.name], f.type)) for f in data.schema])
        batches = data.to_batches() if isinstance(data, pa.Table) else data
        reader = pa.RecordBatchReader.from_batches(target, (b.cast(target) for b in batches))
        with self._told():
            return self._work(
                lambda cursor: max(cursor.adbc_ingest(table, reader, mode="append", db_schema_name=schema), 0)
            )

    def create(self, schema: str, table: str, columns: pa.Schema) -> None:
        body = ", ".join(f'"{field.name}" {sql_type(field.type)}' for field in columns)
        self.execute(f'create table if not exists {schema}."{table}" ({body})', ())

    @contextmanager
    def given(self, name: str, data: pa.Table) -> Iterator[None]:
        """A temporary table: analysed, since the planner knows nothing of a new one."""
        with self.scratch():
            with self._told():
                self._work(lambda cursor: cursor.adbc_ingest(name, data, mode="create", temporary=True))
            self.execute(f'analyze "{name}"', ())
        try:
            yield
        finally:
            with self.scratch():
                self.execute(f'drop table if exists pg_temp."{name}"', ())

    def sqlalchemy(self, schema: str) -> Any:
        from sqlalchemy import create_engine, event

        reads = " -cdefault_transaction_read_only=on" if self.read_only else ""
        patience = f" -clock_timeout={self.settings.warehouse.lock_wait_milliseconds}"
        options = {"options": f"-csearch_path={schema}{patience}{reads}"}
        url = re.sub("^postgres(ql)?:", "postgresql+psycopg2:", self.url)
        engine = create_engine(url, connect_args=options)
        event.listen(engine, "handle_error", _told_to_others)
        return engine

    def close(self) -> None:
        if not self.waited.is_left:  # the driver would be shut under its own feet
            with suppress(self.failure):  # of a connection that is lost there is nothing to close
                self.connection.close()

    @staticmethod
    def row_hash(columns: Sequence[str]) -> str:
        return f"hash_record_extended(row({', '.join(columns)}), 0)"

    @staticmethod
    def json_text(column: str, name: str) -> str:
        key = name.replace("'", "''")
        return f"(cast({column} as json) ->> '{key}')"

    @classmethod
    @contextmanager
    def hold(cls, settings: Settings, name: str) -> Iterator[bool]:
        """An advisory lock on a connection of its own: seen by every host, gone with the connection."""
        engine = cls(settings)
        try:
            asked = engine.query("select pg_try_advisory_lock(hashtextextended($1, 0)) as held", [f"fairlead {name}"])
            yield bool(asked["held"][0].as_py())
        finally:
            engine.close()


def _refuse_unless_url(url: str) -> None:
    if not is_understood(url, ("postgresql", "postgres")):
        raise ConfigError(f"warehouse.url is no postgresql://{PLAIN}")


def _with_clocks(url: str, connect_seconds: int) -> str:
    """The URL with what keeps a silent server from being waited for; what it says itself stands."""
    given = dict(parse_qsl(urlsplit(url).query))
    added = [
        f"{key}={value}" for key, value in {"connect_timeout": connect_seconds, **ALIVE}.items() if key not in given
    ]
    return url + ("&" if "?" in url else "?") + "&".join(added) if added else url


def _counted(sql: str) -> str:
    """A write without `returning` becomes one that returns its count: ADBC reports none."""
    head = sql.lstrip().split(None, 1)[0].lower() if sql.strip() else ""
    if head not in ("insert", "update", "delete") or " returning " in sql.lower():
        return sql
    return f"with touched as ({sql.strip().rstrip(';')} returning 1) select count(*) from touched"


def _told_to_others(context: Any) -> None:
    """For libraries on SQLAlchemy: psycopg2 knows a code for every answer of the server, and none where no answer came."""
    state = getattr(context.original_exception, "pgcode", None) or ""
    if context.is_disconnect or state.startswith(PASSES):
        raise RetryableError(
            "PostgreSQL was lost or busy. What was not committed is undone; run the step again."
        ) from None


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")
