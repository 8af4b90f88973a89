"""DuckDB: the embedded default. One file in FAIRLEAD_HOME, one process at a time."""

import fcntl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import duckdb
import pyarrow as pa

from core.engines import duckdb_file as file
from core.engines import duckdb_json, lingering
from core.engines.driver_calls import DriverCalls, nobody_asks
from core.engines.limited_read import BATCH_ROWS, Infinities, limited_read, named_ends
from core.engines.quick_start import without_pandas
from core.engines.sql_types import COLUMNS, named_types
from core.engines.statements import WriteRefusedError, explained
from core.errors import ConfigError
from core.settings import Settings

INFINITIES = Infinities(days=(2**31 - 1, 1 - 2**31), times=(2**63 - 1, 1 - 2**63))  # of DATE and of every TIMESTAMP


class DuckDB:
    name = "duckdb"
    row_hash_type = "ubigint"

    def __init__(self, settings: Settings, read_only: bool = False, stopped: Callable[[], str] = nobody_asks) -> None:
        self.settings, self.path, self.is_new = settings, settings.duckdb_path, False
        config = _limits(settings, read_only)
        file.refuse_what_is_none(self.path)
        as_reader = read_only and not lingering.lingers(self.path)
        if read_only and not self.path.exists():  # nothing was written yet: what is read is empty, and nothing is made
            self.is_new = True
            self.connection = duckdb.connect(":memory:", config=config)
        else:
            self.connection = lingering.open_file(
                self.path, config, settings.warehouse.lock_wait_seconds, as_reader, stopped
            )
        try:
            self._set_up(as_reader)
        except BaseException:
            self.close()
            raise

    def _set_up(self, read_only: bool) -> None:
        """Of the whole open file, so that cursors have it too; a second reader of this process finds it done and
        locked.
        """
        if self._locked():
            return
        self._run("set global TimeZone = 'UTC'", ())
        self._run("set enable_progress_bar = false", ())
        self._run("set enable_external_access = false", ())  # no file but the warehouse's own and its spill
        if read_only:
            self._run("set lock_configuration = true", ())  # and no statement can change that

    def _locked(self) -> bool:
        row = self._run("select current_setting('lock_configuration')", ()).fetchone()
        return bool(row and row[0])

    def query(self, sql: str, params: Sequence[Any]) -> pa.Table:
        with self._translated_errors(), without_pandas():
            return self.connection.execute(sql, list(params) or None).to_arrow_table()

    def columns(self, schema: str, name: str) -> dict[str, str]:
        """A table is asked itself, which takes a tenth of the catalogue's time; that one is asked of what does not
        answer: a view whose tables are gone, and what is not there.
        """
        try:
            return named_types(self._run(f'describe "{schema}"."{name}"', ()).to_arrow_table())
        except (duckdb.CatalogException, duckdb.BinderException):
            return named_types(self.query(COLUMNS, [schema, name]))

    def look(self, sql: str) -> pa.Table:
        """Whatever goes wrong is first of all the query's own: only memory and the engine itself speak for the
        warehouse.
        """
        try:
            table = limited_read(
                self.settings,
                DriverCalls(),
                lambda: self.connection.execute(sql).to_arrow_reader(BATCH_ROWS),
                self.connection.interrupt,
            )
        except file.ENGINE as error:
            raise file.stopped(self.path, error) from None
        except (duckdb.IOException, duckdb.TransactionException, pa.ArrowException, OSError) as error:
            raise ConfigError(
                f"The query broke off: {file.first_line(error)} Where its words are right, `fairlead doctor` reads the"
                " whole warehouse and says whether it is damaged."
            ) from None
        except duckdb.Error as error:
            raise ConfigError(f"The query was not understood: {file.first_line(error)}") from None
        return named_ends(table, INFINITIES)

    def stream(self, sql: str, params: Sequence[Any], batch_rows: int) -> pa.RecordBatchReader:
        # a cursor of its own, so that other statements may run while this is being read
        with self._translated_errors(), without_pandas():
            reader = self.connection.cursor().execute(sql, list(params)).to_arrow_reader(batch_rows)
        return pa.RecordBatchReader.from_batches(reader.schema, self._batches(reader))

    def _batches(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        try:
            yield from reader
        except (pa.ArrowException, OSError) as error:  # on its way through Arrow an error of the engine loses its type
            raise file.stopped(self.path, error) from None

    def execute(self, sql: str, params: Sequence[Any]) -> int:
        result = self._run(sql, params)
        head = result.description
        if head and len(head) == 1 and head[0][0] == "Count":
            row = result.fetchone()
            return int(row[0]) if row else 0
        return 0

    def _run(self, sql: str, params: Sequence[Any]) -> duckdb.DuckDBPyConnection:
        with self._translated_errors(), without_pandas():
            return self.connection.execute(sql, list(params) or None)

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        try:
            yield
        except file.STOPPED as error:
            raise file.stopped(self.path, error) from None

    def refuse_unless_read(self, sql: str) -> None:
        """By the engine's own reading of the text: one statement, and a read. Raises WriteRefusedError else."""
        try:
            kinds = [statement.type for statement in self.connection.extract_statements(sql)]
        except duckdb.Error as error:
            raise WriteRefusedError(f"The query was not understood: {file.first_line(error)}") from None
        if _first_word(sql) == "pragma":  # some of them are taken for reads
            raise WriteRefusedError("Only one statement that reads is run; this is pragma.")
        if kinds == [duckdb.StatementType.EXPLAIN] and (inner := explained(sql)) != sql:
            return self.refuse_unless_read(inner)
        if kinds != [duckdb.StatementType.SELECT]:
            kind_names = ", ".join(kind.name.lower() for kind in kinds) or "nothing"
            raise WriteRefusedError(f"Only one statement that reads is run; this is {kind_names}.")

    def scratch(self) -> Any:
        """Temporary tables need nothing more: a file that is only read has them too."""
        return nullcontext()

    def ensure_schema(self, schema: str) -> None:
        self.execute(f"create schema if not exists {schema}", ())
        file.note_writer(self.path, schema)

    def append(self, schema: str, table: str, data: pa.Table | pa.RecordBatchReader) -> int:
        self.connection.register("incoming_arrow", data)
        try:
            return self.execute(f'insert into {schema}."{table}" by name select * from incoming_arrow', ())
        finally:
            self.connection.unregister("incoming_arrow")

    def create(self, schema: str, table: str, columns: pa.Schema) -> None:
        self.connection.register("incoming_arrow", columns.empty_table())
        try:
            kind = "temporary table" if schema == "temp" else "table"
            self.execute(f'create {kind} if not exists {schema}."{table}" as select * from incoming_arrow', ())
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
        if self.is_new:
            self.connection.close()
        else:
            lingering.close_file(self.path, self.connection)

    @staticmethod
    def row_hash(columns: Sequence[str]) -> str:
        return f"hash({', '.join(columns)})"

    @staticmethod
    def json_text(column: str, name: str) -> str:
        """By a pointer (RFC 6901): a plain name that begins with $ would be read as a path."""
        pointer = name.replace("~", "~0").replace("/", "~1").replace("'", "''")
        return f"json_extract_string({column}, '/{pointer}')"

    json_object = staticmethod(duckdb_json.json_object)

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


def _first_word(sql: str) -> str:
    """In small letters; neither a comment nor a semicolon is one."""
    text = sql.encode()  # places are counted in bytes
    starts = [place for place, _ in duckdb.tokenize(sql) if text[place : place + 1] != b";"]
    words = text[starts[0] :].split(maxsplit=1) if starts else []
    return words[0].decode().lower() if words else ""


def open_workbench(settings: Settings) -> duckdb.DuckDBPyConnection:
    """In memory, with the warehouse's limits and no way to any file."""
    connection = duckdb.connect(":memory:", config=_limits(settings))
    connection.execute("set enable_progress_bar = false")
    connection.execute("set enable_external_access = false")
    return connection


def _limits(settings: Settings, read_only: bool = False) -> dict[str, Any]:
    spill = settings.home / "tmp"
    if not read_only:  # whoever reads makes nothing; the engine makes it when it spills
        spill.mkdir(parents=True, exist_ok=True)
    return {
        "threads": settings.warehouse.threads, "memory_limit": settings.warehouse.memory_limit,
        "temp_directory": str(spill), "autoinstall_known_extensions": "false", "autoload_known_extensions": "false",
    }  # fmt: skip
