"""DuckDB: the embedded default. One file in FAIRLEAD_HOME, one process at a time."""

import fcntl
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
import pyarrow as pa

from core.errors import FatalError, RetryableError
from core.settings import Settings

POLL_SECONDS = 0.2  # how often we ask for the file's lock while another step has it
# Disk or memory gave out; a commit that could not be written says so in its words alone.
STOPPED = (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.FatalException, duckdb.InternalException)


class DuckDB:
    name = "duckdb"
    row_hash_type = "ubigint"

    def __init__(self, settings: Settings) -> None:
        self.path = settings.duckdb_path
        spill = settings.home / "tmp"
        spill.mkdir(parents=True, exist_ok=True)
        self.config: dict[str, Any] = {
            "threads": settings.warehouse.threads, "memory_limit": settings.warehouse.memory_limit,
            "temp_directory": str(spill), "autoinstall_known_extensions": "false", "autoload_known_extensions": "false",
        }  # fmt: skip
        self.connection = self._open(settings.warehouse.lock_wait_seconds)
        self.connection.execute("set TimeZone = 'UTC'")
        self.connection.execute("set enable_progress_bar = false")

    def _open(self, wait_seconds: float) -> duckdb.DuckDBPyConnection:
        deadline = time.monotonic() + wait_seconds
        while True:
            try:
                return duckdb.connect(str(self.path), config=self.config)
            except duckdb.IOException as error:
                if "lock" not in str(error).lower():
                    raise FatalError(f"The warehouse {self.path.name} cannot be opened: {_first_line(error)}") from None
                if time.monotonic() >= deadline:
                    holder = re.search(r"held in .*?\(PID (\d+)\)", str(error))
                    raise RetryableError(
                        f"Another process has had the warehouse for {wait_seconds:.0f} s (process {holder.group(1) if holder else 'unknown'}). "
                        "Wait for it, or raise warehouse.lock_wait_seconds."
                    ) from None
                time.sleep(POLL_SECONDS)

    def query(self, sql: str, params: Sequence[Any]) -> pa.Table:
        return self._run(sql, params).to_arrow_table()

    def stream(self, sql: str, params: Sequence[Any], batch_rows: int) -> pa.RecordBatchReader:
        # a cursor of its own, so that other statements may run while this is being read
        return self.connection.cursor().execute(sql, list(params)).to_arrow_reader(batch_rows)

    def execute(self, sql: str, params: Sequence[Any]) -> int:
        result = self._run(sql, params)
        head = result.description
        if head and len(head) == 1 and head[0][0] == "Count":
            row = result.fetchone()
            return int(row[0]) if row else 0
        return 0

    def _run(self, sql: str, params: Sequence[Any]) -> duckdb.DuckDBPyConnection:
        try:
            return self.connection.execute(sql, list(params) or None)
        except duckdb.Error as error:
            if not isinstance(error, STOPPED) and "could not write" not in str(error).lower():
                raise
            raise FatalError(
                f"The warehouse stopped: {_first_line(error)} Free disk or memory and run the step again."
            ) from None

    def append(self, schema: str, table: str, data: pa.Table | pa.RecordBatchReader) -> int:
        self.connection.register("incoming_arrow", data)
        try:
            return self.execute(f'insert into {schema}."{table}" by name select * from incoming_arrow', ())
        finally:
            self.connection.unregister("incoming_arrow")

    def create(self, schema: str, table: str, columns: pa.Schema) -> None:
        self.connection.register("incoming_arrow", columns.empty_table())
        try:
            self.execute(f'create table if not exists {schema}."{table}" as select * from incoming_arrow', ())
        finally:
            self.connection.unregister("incoming_arrow")

    @contextmanager
    def given(self, name: str, data: pa.Table) -> Iterator[None]:
        self.connection.register(name, data)
        try:
            yield
        finally:
            self.connection.unregister(name)

    def sqlalchemy(self, schema: str) -> Any:
        """On the connection that is open: DuckDB lets no second one in with another configuration."""
        from duckdb_engine import ConnectionWrapper, CursorWrapper
        from sqlalchemy import create_engine

        connection = self.connection

        class Wrapper(ConnectionWrapper):
            """Gives each statement a cursor of its own: a commit would otherwise discard the rows not yet fetched."""

            def cursor(self) -> Any:
                own = connection.cursor()
                own.execute(f"set schema = '{schema}'")  # duckdb-engine's reflection does not look into schemas
                return CursorWrapper(own, self)

        return create_engine("duckdb:///:memory:", creator=lambda: Wrapper(connection.cursor()))

    def close(self) -> None:
        self.connection.close()

    @staticmethod
    def row_hash(columns: Sequence[str]) -> str:
        return f"hash({', '.join(columns)})"

    @staticmethod
    @contextmanager
    def hold(settings: Settings, name: str) -> Iterator[bool]:
        """A lock file in the home, where the warehouse is: the system lets go of it however we die."""
        folder = settings.home / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield False
            else:
                yield True


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
