"""PostgreSQL through ADBC: Arrow both ways, COPY underneath."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import pyarrow as pa

from core.engines.driver_calls import DriverCalls, nobody_asks
from core.engines.limited_read import limited_read, named_ends
from core.engines.postgres_errors import first_line, raise_lost, sqlstate, translated
from core.engines.postgres_reads import refuse_unless_read
from core.engines.postgres_types import ARROW_TYPES, INFINITIES, readable, written_out
from core.engines.postgres_url import SESSION, check_url, connect_limit, session_options, with_timeouts
from core.engines.sql_types import COLUMNS, named_types, sql_type
from core.errors import ConfigError, FatalError, RetryableError
from core.project.sections import MOST_MILLISECONDS
from core.settings import Settings

T = TypeVar("T")
ANSWER_SECONDS = 10  # for `select 1`, where nobody knows whether the server still is there
SPARE_SECONDS = 5  # what the server gives a query beyond our own limit
READER = "pg_read_all_data"  # may read every table, and neither write nor reach the server's files (PostgreSQL 14)


class Postgres:
    name = "postgres"
    row_hash_type = "bigint"

    def __init__(self, settings: Settings, read_only: bool = False, stopped: Callable[[], str] = nobody_asks) -> None:
        from adbc_driver_manager import dbapi as adbc

        self.settings, self.calls = settings, DriverCalls(stopped)
        self.url, self.read_only, self.failure, self.role = settings.warehouse.url, read_only, adbc.Error, ""
        check_url(self.url)
        self.connection = self._connected()
        try:
            self._set_up()
        except BaseException:
            self.close()
            raise

    def _connected(self) -> Any:
        from adbc_driver_postgresql import dbapi

        self.url = with_timeouts(self.url, self.settings.warehouse.lock_wait_seconds)
        seconds = connect_limit(self.url)

        def no_answer(reason: str) -> RetryableError:
            return RetryableError(f"PostgreSQL does not answer: {reason}. Check warehouse.url and the server.")

        try:
            return self.calls.call(
                lambda: dbapi.connect(self.url, autocommit=True),
                None,
                seconds,
                lambda: no_answer(f"silent for {seconds:g} s"),
            )
        except self.failure as error:
            raise no_answer(first_line(error)) from None

    def _set_up(self) -> None:
        patience = self.settings.warehouse.lock_wait_milliseconds
        values = SESSION | {"lock_timeout": str(patience)}
        calls = [f"set_config('{name}', '{value}', false)" for name, value in values.items()]
        self.execute(f"select {', '.join(calls)}", ())
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
    def _translated_errors(self) -> Iterator[None]:
        """An error by its SQLSTATE; one that has none is a lost connection when the server does not answer any more."""
        try:
            yield
        except self.failure as error:
            ours = translated(error, is_lost=not sqlstate(error) and not self._answers())
            if ours is None:
                raise
            raise ours from None

    def _answers(self) -> bool:
        def ask(cursor: Any) -> None:
            cursor.execute("select 1")
            cursor.fetchone()

        try:
            self._work(ask, ANSWER_SECONDS)
        except self.failure as error:
            return bool(sqlstate(error))  # a refusal is an answer too (a transaction that has failed)
        except RetryableError:
            return False
        return True

    def _work(self, work: Callable[[Any], T], seconds: float = math.inf) -> T:
        """What is done with a cursor, in the driver's own thread from its opening to its end."""
        cursor = self.connection.cursor()

        def run() -> T:
            with cursor:
                return work(cursor)

        return self.calls.call(run, cursor.adbc_cancel, seconds)

    def _read(self, cursor: Any, sql: str, params: Sequence[Any] = ()) -> tuple[pa.RecordBatchReader, list[str]]:
        """A reader of what comes as it is meant, and the names of its columns."""
        parameters = list(params) or None
        described = cursor.adbc_execute_schema(sql, parameters)
        cursor.execute(written_out(sql, described), parameters)
        return cursor.fetch_record_batch(), described.names

    def query(self, sql: str, params: Sequence[Any]) -> pa.Table:
        def read(cursor: Any) -> pa.Table:
            reader, names = self._read(cursor, sql, params)
            return readable(reader.read_all(), names)

        with self._translated_errors():
            return self._work(read)

    def columns(self, schema: str, name: str) -> dict[str, str]:
        return named_types(self.query(COLUMNS, [schema, name]))

    def look(self, sql: str) -> pa.Table:
        """The server keeps the time too, for the case that nobody is left here to do so."""
        limit = int((self.settings.warehouse.look_seconds + SPARE_SECONDS) * 1000)
        self.execute(f"set statement_timeout = {min(limit, MOST_MILLISECONDS)}", ())
        names: list[str] = []
        cursor = self.connection.cursor()

        def read() -> pa.RecordBatchReader:
            reader, names[:] = self._read(cursor, sql)
            return reader

        with self._translated_errors():
            try:
                table = readable(limited_read(self.settings, self.calls, read, cursor.adbc_cancel), names)
            except (pa.ArrowException, OSError) as error:  # through Arrow an error of the driver loses its type
                kind = ConfigError if self._answers() else RetryableError
                raise kind(f"The query broke off: {first_line(error)}.") from None
            finally:
                self._end(cursor)
        return named_ends(table, INFINITIES)

    def stream(self, sql: str, params: Sequence[Any], batch_rows: int) -> pa.RecordBatchReader:
        cursor = self.connection.cursor()
        with self._translated_errors():
            reader, names = self.calls.call(lambda: self._read(cursor, sql, params), cursor.adbc_cancel)
        first = readable(reader.schema.empty_table(), names).schema
        return pa.RecordBatchReader.from_batches(first, self._batches(reader, names, cursor, batch_rows))

    def _batches(
        self, reader: pa.RecordBatchReader, names: list[str], cursor: Any, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        try:
            while (batch := self.calls.call(lambda: next(reader, None), cursor.adbc_cancel)) is not None:
                yield from readable(pa.Table.from_batches([batch]), names).to_batches(max_chunksize=batch_rows)
        except (pa.ArrowException, OSError) as error:  # through Arrow an error of the driver loses its type
            kind = FatalError if self._answers() else RetryableError
            raise kind(f"PostgreSQL broke off while rows were read: {first_line(error)}. Run the step again.") from None
        finally:
            self._end(cursor)

    def _end(self, cursor: Any) -> None:
        """Of a lost connection, and of one whose driver is still at work, there is nothing to close."""
        if not self.calls.is_left:
            with suppress(self.failure):
                self.calls.call(cursor.close, cursor.adbc_cancel)

    def execute(self, sql: str, params: Sequence[Any]) -> int:
        def run(cursor: Any) -> int:
            cursor.execute(_counted(sql), list(params) or None)
            if cursor.description:
                rows = cursor.fetchall()
                return int(rows[0][0]) if rows and sql is not _counted(sql) else len(rows)
            return max(cursor.rowcount, 0)

        with self._translated_errors():
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

    def ensure_schema(self, schema: str) -> None:
        self.execute(f"create schema if not exists {schema}", ())

    def append(self, schema: str, table: str, data: pa.Table | pa.RecordBatchReader) -> int:
        columns = self.query(
            "select column_name, data_type from information_schema.columns where table_schema = $1 and table_name = $2",
            [schema, table],
        )
        types = dict(zip(columns["column_name"].to_pylist(), columns["data_type"].to_pylist(), strict=True))
        unknown = [name for name in data.schema.names if name not in types]
        if unknown:
            raise FatalError(f"{schema}.{table} has no column {', '.join(unknown)}.")
        target = pa.schema([(f.name, ARROW_TYPES.get(types[f.name], f.type)) for f in data.schema])
        batches = data.to_batches() if isinstance(data, pa.Table) else data
        reader = pa.RecordBatchReader.from_batches(target, (b.cast(target) for b in batches))
        with self._translated_errors():
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
            with self._translated_errors():
                self._work(lambda cursor: cursor.adbc_ingest(name, data, mode="create", temporary=True))
            self.execute(f'analyze "{name}"', ())
        try:
            yield
        finally:
            with self.scratch():
                self.execute(f'drop table if exists pg_temp."{name}"', ())

    def sqlalchemy(self, schema: str) -> Any:
        import psycopg2
        from sqlalchemy import create_engine, event

        reads = "-cdefault_transaction_read_only=on" if self.read_only else ""
        patience = f"-clock_timeout={self.settings.warehouse.lock_wait_milliseconds}"
        options = session_options(self.url, f"-csearch_path={schema}", patience, reads)
        # libpq reads the URL, as it does for ADBC: SQLAlchemy's own reading of `?host=` and its like is another one
        engine = create_engine("postgresql+psycopg2://", creator=lambda: psycopg2.connect(self.url, options=options))
        event.listen(engine, "handle_error", raise_lost)
        return engine

    def close(self) -> None:
        if not self.calls.is_left:  # the driver would be shut under its own feet
            with suppress(self.failure):  # of a connection that is lost there is nothing to close
                self.connection.close()

    @staticmethod
    def row_hash(columns: Sequence[str]) -> str:
        return f"hash_record_extended(row({', '.join(columns)}), 0)"

    @staticmethod
    def json_text(column: str, name: str) -> str:
        key = name.replace("'", "''")
        return f"(cast({column} as json) ->> '{key}')"

    @staticmethod
    def json_object(columns: Mapping[str, tuple[str, str]]) -> str | None:
        """The server writes numbers in another way than Arrow, so what it sends is written here, row by row."""
        return None

    @classmethod
    @contextmanager
    def hold(cls, settings: Settings, name: str) -> Iterator[bool]:
        """An advisory lock on a connection of its own: seen by every host, gone with the connection."""
        engine = cls(settings)
        try:
            lock = engine.query("select pg_try_advisory_lock(hashtextextended($1, 0)) as held", [f"fairlead {name}"])
            yield bool(lock["held"][0].as_py())
        finally:
            engine.close()


def _counted(sql: str) -> str:
    """A write without `returning` becomes one that returns its count: ADBC reports none."""
    head = sql.lstrip().split(None, 1)[0].lower() if sql.strip() else ""
    if head not in ("insert", "update", "delete") or " returning " in sql.lower():
        return sql
    return f"with touched as ({sql.strip().rstrip(';')} returning 1) select count(*) from touched"
