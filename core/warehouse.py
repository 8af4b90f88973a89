"""The only place that knows which engine it is: DuckDB embedded, PostgreSQL by URL. Arrow in, Arrow out.

`connect(settings, writer=<schema>)` hands out a warehouse that may write to that one schema and refuses the others.
SQL given here is plumbing and runs on both engines; parameters are `$1, $2, …`.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from typing import Any, Literal, Protocol, TypeAlias

import pyarrow as pa
import sqlglot
from sqlglot import expressions as exp

from core.engines.duckdb import DuckDB
from core.engines.postgres import Postgres
from core.errors import FatalError, RetryableError
from core.settings import Settings

SCHEMAS = ("raw", "staging", "intermediate", "identity", "marts", "scores", "activation", "ops")
Mode = Literal["append", "replace", "create"]
Arrow: TypeAlias = pa.Table | pa.RecordBatchReader
_READS = re.compile(r"^\s*(select|with|values|show|describe|explain)\b", re.IGNORECASE)
_MAY_WRITE = re.compile(r"\b(insert|update|delete|merge|into|create|drop|alter|truncate|copy)\b", re.IGNORECASE)
_WRITES = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Alter, exp.TruncateTable, exp.Copy)


class Engine(Protocol):
    """What an engine must give; one small file each in core/engines/."""

    name: str
    row_hash_type: str  # of what row_hash gives

    def query(self, sql: str, params: Sequence[Any]) -> pa.Table: ...
    def stream(self, sql: str, params: Sequence[Any], batch_rows: int) -> pa.RecordBatchReader: ...
    def execute(self, sql: str, params: Sequence[Any]) -> int: ...
    def append(self, schema: str, table: str, data: Arrow) -> int: ...
    def create(self, schema: str, table: str, columns: pa.Schema) -> None: ...
    def given(self, name: str, data: pa.Table) -> AbstractContextManager[None]: ...
    def sqlalchemy(self, schema: str) -> Any: ...
    def close(self) -> None: ...
    @staticmethod
    def row_hash(columns: Sequence[str]) -> str: ...
    @staticmethod
    def hold(settings: Settings, name: str) -> AbstractContextManager[bool]: ...


class Warehouse:
    """One open connection, allowed to write to `writer` only (None: to nothing)."""

    def __init__(self, engine: Engine, writer: str | None) -> None:
        self.engine, self.writer, self._depth = engine, writer, 0

    @property
    def engine_name(self) -> str:
        return self.engine.name

    @property
    def row_hash_type(self) -> str:
        """The SQL type of `row_hash`."""
        return self.engine.row_hash_type

    def row_hash(self, columns: Sequence[str]) -> str:
        """SQL for the engine's own 64-bit hash of some expressions: fast, NULL-safe, and its own from version to version."""
        return self.engine.row_hash(columns)

    def query(self, sql: str, params: Sequence[Any] = ()) -> pa.Table:
        """All rows of a read."""
        self._refuse_foreign_writes(sql)
        return self.engine.query(sql, params)

    def stream(self, sql: str, params: Sequence[Any] = (), batch_rows: int = 100_000) -> pa.RecordBatchReader:
        """Rows of a read in batches; memory does not grow with their number."""
        self._refuse_foreign_writes(sql)
        return self.engine.stream(sql, params, batch_rows)

    def execute(self, sql: str, params: Sequence[Any] = ()) -> int:
        """Run one statement; the number of rows it touched (0 for DDL)."""
        self._refuse_foreign_writes(sql)
        return self.engine.execute(sql, params)

    def load(self, table: str, data: Arrow, mode: Mode = "append") -> int:
        """Arrow into `schema.table`, columns matched by name; the number of rows.

        append   the table must exist · create   makes it from the data's types if it does not · replace   empties it first.
        """
        schema, _, name = table.partition(".")
        self._refuse(schema, f"load into {table}")
        if mode != "append" and not self.exists(table):
            self.engine.create(schema, name, data.schema)
        with self.transaction():
            if mode == "replace":
                self.engine.execute(f"delete from {table}", ())
            return self.engine.append(schema, name, data)

    def given(self, name: str, data: pa.Table) -> AbstractContextManager[None]:
        """An Arrow table that SQL may read by `name` until the block ends."""
        return self.engine.given(name, data)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing; nested ones join the outer one."""
        self._depth += 1
        try:
            if self._depth == 1:
                self.engine.execute("begin", ())
            yield
            if self._depth == 1:
                self.engine.execute("commit", ())
        except BaseException:
            if self._depth == 1:
                self.engine.execute("rollback", ())
            raise
        finally:
            self._depth -= 1

    def exists(self, table: str) -> bool:
        return bool(self.columns(table))

    def columns(self, table: str) -> dict[str, str]:
        """Column -> the engine's type name in lower case, in order; empty where there is no such table."""
        schema, _, name = table.partition(".")
        found = self.engine.query(
            "select column_name, data_type from information_schema.columns"
            " where table_schema = $1 and table_name = $2 order by ordinal_position", [schema, name])  # fmt: skip
        return dict(
            zip(found["column_name"].to_pylist(), (str(t).lower() for t in found["data_type"].to_pylist()), strict=True)
        )

    def ensure_schema(self, schema: str) -> None:
        self._refuse(schema, f"create schema {schema}")
        self.engine.execute(f"create schema if not exists {schema}", ())

    def sqlalchemy(self, schema: str) -> Any:
        """A SQLAlchemy engine on the same warehouse, looking into `schema`, for libraries that ask for one; reads only."""
        return self.engine.sqlalchemy(schema)

    def _refuse_foreign_writes(self, sql: str) -> None:
        if _READS.match(sql) and not _MAY_WRITE.search(sql):
            return
        for schema in written_schemas(sql, self.engine.name):
            self._refuse(schema, sql.strip().split("\n")[0][:80])

    def _refuse(self, schema: str, what: str) -> None:
        if schema != self.writer:
            raise FatalError(
                f"This connection writes to {self.writer or 'nothing'} and may not: {what}. One writer a schema."
            )


@lru_cache(maxsize=512)  # a push says the same dozen sentences for every window, and reading one takes milliseconds
def written_schemas(sql: str, engine: str) -> frozenset[str]:
    """The schemas a statement writes to; temporary tables count as nobody's. Unreadable SQL raises FatalError."""
    try:
        statements = sqlglot.parse(sql, read=engine)
    except sqlglot.errors.ParseError as error:
        raise FatalError(f"Cannot tell what this statement writes to: {sql.strip()[:120]} ({error}).") from None
    writes = (
        node
        for statement in statements
        if statement is not None
        for node in statement.walk()
        if isinstance(node, _WRITES)
    )
    return frozenset(schema for node in writes for schema in _targets(node)) - {"", "pg_temp", "temp"}


def _targets(node: exp.Expression) -> list[str]:
    """The schemas one writing node names as its target."""
    if isinstance(node, exp.Create) and any(node.find_all(exp.TemporaryProperty)):
        return []
    if str(node.args.get("kind", "")).upper() == "SCHEMA":
        return [table.db or table.name for table in node.find_all(exp.Table)]
    if isinstance(node, (exp.Drop, exp.TruncateTable)):
        return [table.db for table in node.find_all(exp.Table)]
    first = node.this.find(exp.Table) if isinstance(node.this, exp.Expression) else None
    return [first.db] if first is not None else []


@contextmanager
def connect(settings: Settings, writer: str | None = None) -> Iterator[Warehouse]:
    """Open late, close early: DuckDB lets one process in at a time (we wait for our turn, then say who has it).

    Raises RetryableError when the lock or the server cannot be had, FatalError on a write outside `writer`.
    """
    if writer is not None and writer not in SCHEMAS:
        raise FatalError(f"No schema {writer!r}. Schemas: {', '.join(SCHEMAS)}.")
    engine = _engine(settings)(settings)
    try:
        warehouse = Warehouse(engine, writer)
        if writer is not None:
            warehouse.ensure_schema(writer)
        yield warehouse
    finally:
        engine.close()


@contextmanager
def hold(settings: Settings, name: str) -> Iterator[None]:
    """Be the only process on this warehouse that holds `name`, until the block or the process ends.

    Raises RetryableError when another one holds it.
    """
    with _engine(settings).hold(settings, name) as held:
        if not held:
            raise RetryableError(f"{name}: another process is at it. Wait for it, then run this again.")
        yield


def _engine(settings: Settings) -> Any:
    return DuckDB if settings.warehouse.engine == "duckdb" else Postgres
