"""PostgreSQL through ADBC: Arrow both ways, COPY underneath."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from core.errors import ConfigError, FatalError, RetryableError
from core.settings import Settings

ARROW_TYPES = {
    "bigint": pa.int64(), "integer": pa.int32(), "smallint": pa.int16(), "double precision": pa.float64(), "real": pa.float32(),
    "boolean": pa.bool_(), "date": pa.date32(), "timestamp without time zone": pa.timestamp("us"), "text": pa.string(),
    "character varying": pa.string(), "numeric": pa.decimal128(38, 9),
}  # fmt: skip
SQL_TYPES = {
    pa.int64(): "bigint", pa.int32(): "integer", pa.int16(): "smallint", pa.float64(): "double precision", pa.float32(): "real",
    pa.bool_(): "boolean", pa.date32(): "date", pa.string(): "text", pa.large_string(): "text", pa.string_view(): "text",
}  # fmt: skip


class Postgres:
    name = "postgres"
    row_hash_type = "bigint"

    def __init__(self, settings: Settings) -> None:
        from adbc_driver_manager import dbapi as adbc
        from adbc_driver_postgresql import dbapi

        self.url = settings.warehouse.url
        if not self.url:
            raise ConfigError("warehouse.engine is postgres, but warehouse.url is empty. Set FAIRLEAD_WAREHOUSE__URL.")
        try:
            self.connection = dbapi.connect(self.url, autocommit=True)
        except adbc.Error as error:
            raise RetryableError(
                f"PostgreSQL does not answer: {_first_line(error)}. Check warehouse.url and the server."
            ) from None
        self.failures = (adbc.OperationalError, adbc.InternalError)
        self.execute("set time zone 'UTC'", ())

    def query(self, sql: str, params: Sequence[Any]) -> pa.Table:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, list(params) or None)
            return _readable(cursor.fetch_arrow_table())

    def stream(self, sql: str, params: Sequence[Any], batch_rows: int) -> pa.RecordBatchReader:
        cursor = self.connection.cursor()
        cursor.execute(sql, list(params) or None)
        reader = cursor.fetch_record_batch()
        first = _readable(reader.schema.empty_table()).schema
        return pa.RecordBatchReader.from_batches(first, _rebatch(reader, cursor, batch_rows))

    def execute(self, sql: str, params: Sequence[Any]) -> int:
        try:
            with self.connection.cursor() as cursor:
                cursor.execute(_counted(sql), list(params) or None)
                if cursor.description:
                    rows = cursor.fetchall()
                    return int(rows[0][0]) if rows and sql is not _counted(sql) else len(rows)
                return max(cursor.rowcount, 0)
        except self.failures as error:
            raise FatalError(f"The warehouse stopped: {_first_line(error)}.") from None

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
        with self.connection.cursor() as cursor:
            return max(cursor.adbc_ingest(table, reader, mode="append", db_schema_name=schema), 0)

    def create(self, schema: str, table: str, columns: pa.Schema) -> None:
        body = ", ".join(f'"{field.name}" {_sql_type(field.type)}' for field in columns)
        self.execute(f'create table if not exists {schema}."{table}" ({body})', ())

    @contextmanager
    def given(self, name: str, data: pa.Table) -> Iterator[None]:
        """A temporary table: analysed, since the planner knows nothing of a new one."""
        with self.connection.cursor() as cursor:
            cursor.adbc_ingest(name, data, mode="create", temporary=True)
        try:
            self.execute(f'analyze "{name}"', ())
            yield
        finally:
            self.execute(f'drop table if exists pg_temp."{name}"', ())

    def sqlalchemy(self, schema: str) -> Any:
        from sqlalchemy import create_engine

        options = {"options": f"-csearch_path={schema}"}
        return create_engine(self.url.replace("postgresql://", "postgresql+psycopg2://", 1), connect_args=options)

    def close(self) -> None:
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


def _readable(table: pa.Table) -> pa.Table:
    """ADBC hands numeric over as opaque text; make it the decimal that DuckDB would give."""
    for i, field in enumerate(table.schema):
        if isinstance(field.type, pa.OpaqueType):
            storage = pa.chunked_array([c.storage for c in table.column(i).chunks], field.type.storage_type)
            numeric = field.type.type_name == "numeric"
            table = table.set_column(
                i, field.name, storage.cast(pa.decimal128(38, 9)) if numeric else storage.cast(pa.string())
            )
    return table


def _rebatch(reader: pa.RecordBatchReader, cursor: Any, batch_rows: int) -> Any:
    try:
        for batch in reader:
            yield from _readable(pa.Table.from_batches([batch])).to_batches(max_chunksize=batch_rows)
    finally:
        cursor.close()


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
