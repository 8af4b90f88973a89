"""The only place that knows which engine it is: DuckDB embedded, PostgreSQL by URL. Arrow in, Arrow out.

`connect(settings, writer=<schema>)` hands out a warehouse that may write to that one schema and refuses the others;
without a writer the engine itself is opened for reading only. One statement a call; what is not understood is refused.
SQL given here is plumbing and runs on both engines; parameters are `$1, $2, …`.
"""

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

import pyarrow as pa

from core.engines.driver_calls import nobody_asks
from core.engines.duckdb import DuckDB, open_workbench
from core.engines.postgres import Postgres
from core.engines.statements import TEMPORARY, WriteRefusedError, targets
from core.errors import FatalError, RetryableError
from core.settings import Settings

SCHEMAS = ("raw", "staging", "intermediate", "identity", "marts", "scores", "activation", "ops")
TURN_SECONDS = 0.5  # how often `hold` asks whether it is its turn
_shared: ContextVar["Engine | None"] = ContextVar("shared", default=None)  # the engine of one_transaction
Mode = Literal["append", "replace", "create"]
Arrow: TypeAlias = pa.Table | pa.RecordBatchReader


class Engine(Protocol):
    """What an engine must give; one small file each in core/engines/."""

    name: str
    row_hash_type: str  # of what row_hash gives

    def query(self, sql: str, params: Sequence[Any]) -> pa.Table: ...
    def columns(self, schema: str, name: str) -> dict[str, str]: ...
    def look(self, sql: str) -> pa.Table: ...
    def stream(self, sql: str, params: Sequence[Any], batch_rows: int) -> pa.RecordBatchReader: ...
    def execute(self, sql: str, params: Sequence[Any]) -> int: ...
    def append(self, schema: str, table: str, data: Arrow) -> int: ...
    def create(self, schema: str, table: str, columns: pa.Schema) -> None: ...
    def given(self, name: str, data: pa.Table) -> AbstractContextManager[None]: ...
    def scratch(self) -> AbstractContextManager[None]: ...
    def ensure_schema(self, schema: str) -> None: ...
    def refuse_unless_read(self, sql: str) -> None: ...
    def sqlalchemy(self, schema: str) -> Any: ...
    def close(self) -> None: ...
    @staticmethod
    def row_hash(columns: Sequence[str]) -> str: ...
    @staticmethod
    def json_text(column: str, name: str) -> str: ...
    @staticmethod
    def json_object(columns: Mapping[str, tuple[str, str]]) -> str | None: ...
    @staticmethod
    def hold(settings: Settings, name: str) -> AbstractContextManager[bool]: ...


class Warehouse:
    """One open connection, allowed to write to `writer` only (None: to nothing)."""

    def __init__(self, engine: Engine, writer: str | None, depth: int = 0) -> None:
        self.engine, self.writer, self._depth = engine, writer, depth
        self._temporary: set[str] = set()  # the tables that this connection made for itself

    @property
    def engine_name(self) -> str:
        return self.engine.name

    @property
    def row_hash_type(self) -> str:
        """The SQL type of `row_hash`."""
        return self.engine.row_hash_type

    def row_hash(self, columns: Sequence[str]) -> str:
        """SQL for the engine's own 64-bit hash of some expressions: fast, NULL-safe, and its own from version to
        version.
        """
        return self.engine.row_hash(columns)

    def json_text(self, column: str, name: str) -> str:
        """SQL for one member, of any name, of the JSON object that stands in a column of text: as text; NULL where it
        is not there.
        """
        return self.engine.json_text(column, name)

    def json_object(self, columns: Mapping[str, tuple[str, str]]) -> str | None:
        """SQL for the JSON text of a row, of name -> (SQL, type); None where the engine cannot write it for certain."""
        return self.engine.json_object(columns)

    def query(self, sql: str, params: Sequence[Any] = ()) -> pa.Table:
        """All rows of a read."""
        with self._allowed(sql):
            return self.engine.query(sql, params)

    def look(self, sql: str) -> pa.Table:
        """All rows of somebody else's read: one statement, judged more strictly than our own, and held to a time and a
        size.

        Raises WriteRefusedError, and ConfigError for what is not understood, takes too long or gives too much.
        """
        self.engine.refuse_unless_read(sql)
        return self.engine.look(sql)

    def stream(self, sql: str, params: Sequence[Any] = (), batch_rows: int = 100_000) -> pa.RecordBatchReader:
        """Rows of a read in batches; memory does not grow with their number."""
        with self._allowed(sql):
            return self.engine.stream(sql, params, batch_rows)

    def execute(self, sql: str, params: Sequence[Any] = ()) -> int:
        """Run one statement; the number of rows it touched (0 for DDL)."""
        with self._allowed(sql):
            return self.engine.execute(sql, params)

    def has_temporary(self, name: str) -> bool:
        """Whether this connection has made itself a temporary table of that name."""
        return name in self._temporary

    def drop_temporary(self, name: str) -> None:
        """Drop a temporary table of this connection, if it has made it."""
        if name in self._temporary:
            self.execute(f"drop table if exists {name}")
            self._temporary.discard(name)

    def drop_temporaries(self) -> None:
        """Drop all that this connection has made for itself."""
        for name in tuple(self._temporary):
            self.drop_temporary(name)

    def load(self, table: str, data: Arrow, mode: Mode = "append") -> int:
        """Arrow into `schema.table`, columns matched by name; the number of rows.

        append   the table must exist · create   makes it from the data's types if it does not · replace   empties it
                 first.
        """
        schema, _, name = table.partition(".")
        if schema in TEMPORARY:
            self._temporary.add(name)
        else:
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
        temporary = set(self._temporary)
        try:
            if self._depth == 1:
                self.engine.execute("begin", ())
            yield
            if self._depth == 1:
                self.engine.execute("commit", ())
        except BaseException:
            if self._depth == 1:
                self._temporary = temporary  # what was made meanwhile is gone, what was dropped is back
                with suppress(Exception):  # of a lost or broken engine nothing is left to undo: why it broke counts
                    self.engine.execute("rollback", ())
            raise
        finally:
            self._depth -= 1

    def exists(self, table: str) -> bool:
        return bool(self.columns(table))

    def columns(self, table: str) -> dict[str, str]:
        """Column -> the engine's type name in lower case, in order; empty where there is no such table."""
        schema, _, name = table.partition(".")
        return self.engine.columns(schema, name) if name else {}

    def ensure_schema(self, schema: str) -> None:
        self._refuse(schema, f"create schema {schema}")
        self.engine.ensure_schema(schema)

    def sqlalchemy(self, schema: str) -> Any:
        """A SQLAlchemy engine on the same warehouse, looking into `schema`, for libraries that ask for one; reads
        only.
        """
        return self.engine.sqlalchemy(schema)

    def _allowed(self, sql: str) -> AbstractContextManager[None]:
        """Refuses what this connection may not write; around temporary tables, what the engine needs for them."""
        written, statement = targets(sql, self.engine.name), " ".join(sql.split())[:80]
        for table in written:
            if table.schema in TEMPORARY or table.is_new_temporary:
                continue
            if table.schema or table.name not in self._temporary:
                self._refuse(table.schema, statement)
        self._temporary |= {table.name for table in written if table.is_new_temporary}
        return self.engine.scratch() if written and self.writer is None else nullcontext()

    def _refuse(self, schema: str, action: str) -> None:
        if schema != self.writer:
            raise WriteRefusedError(
                f"This connection writes to {self.writer or 'nothing'} and may not: {action}. One writer a schema."
            )


@contextmanager
def connect(
    settings: Settings, writer: str | None = None, stopped: Callable[[], str] = nobody_asks
) -> Iterator[Warehouse]:
    """Open late, close early: DuckDB lets one process in at a time (we wait for our turn, then say who has it).

    Raises RetryableError when the lock or the server cannot be had, FatalError when the file is damaged and on a write
    outside `writer`.

    stopped   why an end is wanted ('': it is not); neither the lock nor the server is then waited for much longer
    """
    if writer is not None and writer not in SCHEMAS:
        raise FatalError(f"No schema {writer!r}. Schemas: {', '.join(SCHEMAS)}.")
    engine = (shared := _shared.get()) or _engine(settings)(settings, writer is None, stopped)
    try:
        warehouse = Warehouse(engine, writer, 1 if shared else 0)
        if writer is not None:
            warehouse.ensure_schema(writer)
        yield warehouse
    finally:
        if not shared:
            engine.close()


@contextmanager
def one_transaction(settings: Settings, undone: bool = False) -> Iterator[Warehouse]:
    """All that is done within, by whichever connection, is one transaction of one connection: kept, or undone."""
    engine = _engine(settings)(settings, False, nobody_asks)
    token = _shared.set(engine)
    try:
        engine.execute("begin", ())
        yield Warehouse(engine, None, 1)
        engine.execute("rollback" if undone else "commit", ())
    except BaseException:
        with suppress(Exception):  # of a lost engine nothing is left to undo
            engine.execute("rollback", ())
        raise
    finally:
        _shared.reset(token)
        engine.close()


def keep_copies(warehouse: Warehouse, tables: Sequence[str], schema: str) -> None:
    """Each table as it is, in a new schema of the same database: nobody writes to it until the transaction's end."""
    engine = warehouse.engine
    engine.execute(f"create schema {schema}", ())
    for table in tables:
        engine.execute(f"lock table {table} in exclusive mode", ())
        engine.execute(f'create table {schema}."{table.replace(".", "__")}" as select * from {table}', ())


def copy_to(settings: Settings, home: Path) -> None:
    """The embedded warehouse once more, in another home."""
    home.mkdir(parents=True, exist_ok=True)
    with connect(settings):  # nobody writes while it is copied
        for file in (settings.duckdb_path, settings.duckdb_path.with_suffix(".duckdb.wal")):
            if file.exists():  # what a killed step has committed may stand in the second alone
                shutil.copy(file, home / file.name)


@contextmanager
def workbench(settings: Settings) -> Iterator[Any]:
    """A DuckDB of this process alone, in memory and empty, held to our threads and memory and kept from every file but
    its spill: for a library that does its work in one.
    """
    connection = open_workbench(settings)
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def hold(settings: Settings, name: str, wait_seconds: float = 0) -> Iterator[None]:
    """Be the only process on this warehouse that holds `name`, until the block or the process ends.

    Raises RetryableError when another one still holds it after `wait_seconds`.
    """
    deadline = time.monotonic() + wait_seconds
    while True:
        with _engine(settings).hold(settings, name) as turn:
            if turn:
                yield
                return
        if time.monotonic() >= deadline:
            raise RetryableError(f"{name}: another process is at it. Wait for it, then run this again.")
        time.sleep(TURN_SECONDS)


def _engine(settings: Settings) -> Any:
    return DuckDB if settings.warehouse.engine == "duckdb" else Postgres
