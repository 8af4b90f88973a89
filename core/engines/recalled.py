"""What this process has asked of the embedded warehouse and need not ask again: nobody else has written since.

A push opens the warehouse many times for short turns, so that others have theirs in between. What takes long to ask
(whoever has withdrawn, down to the sources) is asked again only where somebody had one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from core.engines import duckdb_file, lingering
from core.settings import Settings
from core.warehouse import Warehouse

MOST_ROWS = 500_000  # of an answer that is kept in memory, some 50 MB; a longer one is asked for each time
_answers: dict[Path, dict[str, tuple[int | None, pa.Table]]] = {}


@contextmanager
def recalling(settings: Settings, writer: str) -> Iterator[None]:
    """For a while in which this process writes to the schema `writer`, of which `keep` asks nothing. PostgreSQL is
    asked each time.
    """
    path = settings.duckdb_path
    if settings.warehouse.engine != "duckdb" or path in _answers:
        yield
        return
    lingering.let_go(path)  # opened before it was watched, nobody could say who had written
    _answers[path] = {}
    try:
        with duckdb_file.watched(path, writer):
            yield
    finally:
        del _answers[path]


def recalls(db: Warehouse) -> bool:
    """Whether `keep` may spare this connection the asking."""
    path: Path | None = getattr(db.engine, "path", None)
    return path in _answers and duckdb_file.others(path) is not None


def keep(db: Warehouse, table: str, sql: str) -> None:
    """Make the temporary table `table` of this connection with the rows of `sql`, as they are by now."""
    if not recalls(db):
        db.execute(f"create temporary table {table} as {sql}")
        return
    path: Path = db.engine.path  # type: ignore[attr-defined]
    answers, others = _answers[path], duckdb_file.others(path)
    known = answers.get(sql)
    if known and known[0] == others:
        with db.given(f"recalled_{table}", known[1]):
            db.execute(f"create temporary table {table} as select * from recalled_{table}")
        return
    db.execute(f"create temporary table {table} as {sql}")
    if db.query(f"select count(*) as n from {table}")["n"][0].as_py() <= MOST_ROWS:
        answers[sql] = (others, db.query(f"select * from {table}"))
