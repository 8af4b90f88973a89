"""PostgreSQL through ADBC: Arrow both ways, COPY underneath."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pyarrow as pa

from core.addresses import PLAIN, is_understood
from core.engines.looked import looked
from core.errors import ConfigError, FatalError, RetryableError
from core.settings import Settings
from core.statements import WriteRefusedError, only_reads

ARROW_TYPES = {
    "bigint": pa.int64(), "integer": pa.int32(), "smallint": pa.int16(), "double precision": pa.float64(), "real": pa.float32(),
    "boolean": pa.bool_(), "date": pa.date32(), "timestamp without time zone": pa.timestamp("us"), "text": pa.string(),
    "character varying": pa.string(), "numeric": pa.decimal128(38, 9),
}  # fmt: skip
SQL_TYPES = {
    pa.int64(): "bigint", pa.int32(): "integer", pa.int16(): "smallint", pa.float64(): "double precision", pa.float32(): "real",
    pa.bool_(): "boolean", pa.date32(): "date", pa.string(): "text", pa.large_string(): "text", pa.string_view(): "text",
}  # fmt: skip


# https://www.postgresql.org/docs/current/errcodes-appendix.html
PASSES = (
    "08",
    "40",
    "53300",
    "55P03",
    "57",
)  # lost, undone for a rival, too many clients, a lock not had, an operator's doing
STOPS = ("53", "58", "XX")  # disk or memory, the system, a damaged file
SPARE_SECONDS = 5  # what the server gives a query beyond our own limit
READER = "pg_read_all_data"  # may read every table, and neither write nor reach the server's files (PostgreSQL 14)
# Functions that the server itself calls volatile, since they do something or ask for something outside, but for these.
HARMLESS = (
    "random",
    "random_normal",
    "setseed",
    "clock_timestamp",
    "timeofday",
    "gen_random_uuid",
    "uuidv4",
    "uuidv7",
    "pg_sleep",
)
SECRETS = ("pg_authid", "pg_shadow", "pg_user_mapping", "pg_user_mappings", "pg_hba_file_rules", "pg_subscription")
WORDS = re.compile(
    r"[^\W\d][\w$]*"
)  # in quotes too, single or double: where a text begins and ends only the server knows


class Postgres:
    name = "postgres"
    row_hash_type = "bigint"

    def __init__(self, settings: Settings, read_only: bool = False) -> None:
        from adbc_driver_manager import dbapi as adbc
        from adbc_driver_postgresql import dbapi

        self.settings = settings
        self.url, self.read_only, self.failure, self.role = settings.warehouse.url, read_only, adbc.Error, ""
        if not self.url:
            raise ConfigError("warehouse.engine is postgres, but warehouse.url is empty. Set FAIRLEAD_WAREHOUSE__URL.")
        _refuse_unless_url(self.url)
        try:
            self.connection = dbapi.connect(self.url, autocommit=True)
        except adbc.Error as error:
            raise RetryableError(
                f"PostgreSQL does not answer: {_first_line(error)}. Check warehouse.url and the server."
            ) from None
        try:
            self._set_up()
        except BaseException:
            self.close()
            raise

    def _set_up(self) -> None:
        self.execute("set time zone 'UTC'", ())
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
        try:
            with self.connection.cursor() as cursor:
                cursor.execute("select 1")
                cursor.fetchone()
        except self.failure as error:
            return bool(getattr(error, "sqlstate", None))  # a refusal is an answer too (a transaction that has failed)
        return True

    def query(self, sql: str, params: Sequence[Any]) -> pa.Table:
        with self._told(), self.connection.cursor() as cursor:
            cursor.execute(sql, list(params) or None)
            return _readable(cursor.fetch_arrow_table())

    def look(self, sql: str) -> pa.Table:
        """The server keeps the time too, for the case that nobody is left here to do so."""
        self.execute(
            f"set statement_timeout = {int((self.settings.warehouse.look_seconds + SPARE_SECONDS) * 1000)}", ()
        )
        with self._told(), self.connection.cursor() as cursor:

            def read() -> Any:
                cursor.execute(sql)
                return cursor.fetch_record_batch()

            try:
                return _readable(looked(self.settings, read, cursor.adbc_cancel))
            except (
                pa.ArrowException,
                OSError,
            ) as error:  # on its way through Arrow an error of the driver loses its type
                kind = ConfigError if self._answers() else RetryableError
                raise kind(f"The query broke off: {_first_line(error)}.") from None

    def stream(self, sql: str, params: Sequence[Any], batch_rows: int) -> pa.RecordBatchReader:
        with self._told():
            cursor = self.connection.cursor()
            cursor.execute(sql, list(params) or None)
            reader = cursor.fetch_record_batch()
        first = _readable(reader.schema.empty_table()).schema
        return pa.RecordBatchReader.from_batches(first, self._batches(reader, cursor, batch_rows))

    def _batches(self, reader: pa.RecordBatchReader, cursor: Any, batch_rows: int) -> Iterator[pa.RecordBatch]:
        try:
            for batch in reader:
                yield from _readable(pa.Table.from_batches([batch])).to_batches(max_chunksize=batch_rows)
        except (pa.ArrowException, OSError) as error:  # on its way through Arrow an error of the driver loses its type
            kind = FatalError if self._answers() else RetryableError
            raise kind(
                f"PostgreSQL broke off while rows were read: {_first_line(error)}. Run the step again."
            ) from None
        finally:
            with suppress(self.failure):
                cursor.close()

    def execute(self, sql: str, params: Sequence[Any]) -> int:
        with self._told(), self.connection.cursor() as cursor:
            cursor.execute(_counted(sql), list(params) or None)
            if cursor.description:
                rows = cursor.fetchall()
                return int(rows[0][0]) if rows and sql is not _counted(sql) else len(rows)
            return max(cursor.rowcount, 0)

    def refuse_unless_read(self, sql: str) -> None:
        """One statement, a read through and through, and no function that acts. Raises WriteRefusedError else.

        A read-only transaction keeps tables from being written. It does not keep a function from reading the server's files, ending
        another session or giving the role back; the server's own catalogue says which functions may do such a thing.
        """
        only_reads(sql, self.name)
        if re.search(r"\bu&", sql, re.IGNORECASE):
            raise WriteRefusedError("Names and texts written as U&… are not taken here: write the letters themselves.")
        names = sorted({form for word in WORDS.findall(sql) for form in (word, word.lower())})
        listed = ", ".join(f"${place}" for place in range(1, len(names) + 1))
        acting = self.query(
            f"select distinct proname from pg_proc where provolatile = 'v' and proname in ({listed}) order by 1", names
        )["proname"].to_pylist()
        if forbidden := [n for n in acting if n not in HARMLESS] + [n for n in names if n in SECRETS]:
            raise WriteRefusedError(
                f"{', '.join(forbidden)}: what acts, holds passwords or reaches out of the tables is not run here."
            )

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
        with self._told(), self.connection.cursor() as cursor:
            return max(cursor.adbc_ingest(table, reader, mode="append", db_schema_name=schema), 0)

    def create(self, schema: str, table: str, columns: pa.Schema) -> None:
        body = ", ".join(f'"{field.name}" {_sql_type(field.type)}' for field in columns)
        self.execute(f'create table if not exists {schema}."{table}" ({body})', ())

    @contextmanager
    def given(self, name: str, data: pa.Table) -> Iterator[None]:
        """A temporary table: analysed, since the planner knows nothing of a new one."""
        with self.scratch():
            with self._told(), self.connection.cursor() as cursor:
                cursor.adbc_ingest(name, data, mode="create", temporary=True)
            self.execute(f'analyze "{name}"', ())
        try:
            yield
        finally:
            with self.scratch():
                self.execute(f'drop table if exists pg_temp."{name}"', ())

    def sqlalchemy(self, schema: str) -> Any:
        from sqlalchemy import create_engine, event

        reads = " -cdefault_transaction_read_only=on" if self.read_only else ""
        options = {"options": f"-csearch_path={schema}{reads}"}
        url = self.url.replace("postgresql://", "postgresql+psycopg2://", 1)
        engine = create_engine(url, connect_args=options)
        event.listen(engine, "handle_error", _told_to_others)
        return engine

    def close(self) -> None:
        with suppress(self.failure):  # of a connection that is lost there is nothing to close
            self.connection.close()

    @staticmethod
    def row_hash(columns: Sequence[str]) -> str:
        return f"hash_record_extended(row({', '.join(columns)}), 0)"

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


def _counted(sql: str) -> str:
    """A write without `returning` becomes one that returns its count: ADBC reports none."""
    head = sql.lstrip().split(None, 1)[0].lower() if sql.strip() else ""
    if head not in ("insert", "update", "delete") or " returning " in sql.lower():
        return sql
    return f"with touched as ({sql.strip().rstrip(';')} returning 1) select count(*) from touched"


def _sql_type(kind: pa.DataType) -> str:
    if pa.types.is_timestamp(kind):
        return "timestamp"
    if pa.types.is_decimal(kind):
        return f"numeric({kind.precision},{kind.scale})"
    if pa.types.is_unsigned_integer(kind):
        return "bigint"
    return SQL_TYPES.get(kind, "text")


def _told_to_others(context: Any) -> None:
    """For libraries on SQLAlchemy: psycopg2 knows a code for every answer of the server, and none where no answer came."""
    state = getattr(context.original_exception, "pgcode", None) or ""
    if context.is_disconnect or state.startswith(PASSES):
        raise RetryableError(
            "PostgreSQL was lost or busy. What was not committed is undone; run the step again."
        ) from None


def _readable(table: pa.Table) -> pa.Table:
    """ADBC hands numeric over as opaque text; make it the decimal that DuckDB would give, or a wider one that loses no digit."""
    for i, field in enumerate(table.schema):
        if isinstance(field.type, pa.OpaqueType):
            storage = pa.chunked_array([c.storage for c in table.column(i).chunks], field.type.storage_type)
            numeric = field.type.type_name == "numeric"
            table = table.set_column(i, field.name, _decimals(storage) if numeric else storage.cast(pa.string()))
    return table


def _decimals(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    for kind in (pa.decimal128(38, 9), pa.decimal256(76, 38)):
        with suppress(pa.ArrowInvalid):  # more digits than it holds, or NaN, for which no decimal has a place
            return texts.cast(kind)
    return texts.cast(pa.string())


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")
