"""The embedded warehouse's file between two uses by one process: open for a moment more, in case it is wanted again.

To open it takes a tenth of a second and to close it half as long, most of it for the catalogue of some hundred tables;
a night of short turns did so two hundred times. Whoever else waits for the file asks for it that often, and is kept
from it a moment longer.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from core.engines import duckdb_file as file
from core.engines.driver_calls import nobody_asks
from core.errors import FairleadError
from core.settings import Settings

MOMENT_SECONDS = 0.2  # for which the file stays open when nobody of ours uses it
LONGEST_SECONDS = 1.0  # since it was opened: then it is closed, however soon it is wanted again


@dataclass
class _Kept:
    connection: duckdb.DuckDBPyConnection  # has done nothing: no transaction, no temporary table
    opened: float
    unused: float = 0.0  # since when


_blocks: Counter[Path] = Counter()  # how many say that a file may linger
_kept: dict[Path, _Kept] = {}
_failed: dict[Path, FairleadError] = {}  # what a closing said that nobody waited for


@contextmanager
def lingering(settings: Settings) -> Iterator[None]:
    """Within it the file stays open for a moment after each use, and is closed at the end. PostgreSQL needs none of it.

    Who only reads opens it as a writer does, for it may be open already. Raises what a closing in between has said.
    """
    path = settings.duckdb_path
    if settings.warehouse.engine != "duckdb":
        yield
        return
    _blocks[path] += 1
    try:
        yield
    finally:
        _blocks[path] -= 1
        if not _blocks[path]:
            let_go(path)


def lingers(path: Path) -> bool:
    return _blocks[path] > 0


def let_go(path: Path) -> None:
    """Another process is to have the file at once. Raises FatalError where it cannot be closed in good order."""
    with file.door:
        kept = _kept.pop(path, None)
        if kept:
            file.close_file(path, kept.connection)
        if error := _failed.pop(path, None):
            raise error


def open_file(
    path: Path, config: dict[str, Any], wait_seconds: float, read_only: bool, stopped: Callable[[], str] = nobody_asks
) -> duckdb.DuckDBPyConnection:
    """As `duckdb_file.open_file`, of a file that may be open already."""
    if error := _failed.pop(path, None):
        raise error
    connection = file.open_file(path, config, wait_seconds, read_only, stopped)
    with file.door:
        if lingers(path) and path not in _kept:
            # one that is opened: a cursor would not keep the file open for whoever opens it
            fresh = file.open_file(path, config, wait_seconds, read_only, stopped)
            _kept[path] = _Kept(fresh, time.monotonic())
    return connection


def close_file(path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    """Close it; where it may linger, the last connection goes a moment later."""
    with file.door:
        file.close_file(path, connection)
        kept = _kept.get(path)
        if kept is None or file.connections(path) > 1:
            return
        kept.unused = time.monotonic()
        if not lingers(path) or kept.unused - kept.opened > LONGEST_SECONDS or _is_given_up(kept.connection):
            let_go(path)
            return
        closing = threading.Timer(MOMENT_SECONDS, _let_go_unused, [path, kept.unused])
        closing.daemon = True
        closing.start()


def _is_given_up(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the engine takes nothing more until the file is opened anew, as after a disk that was full."""
    try:
        connection.execute("select 1")
    except duckdb.Error:
        return True
    return False


def _let_go_unused(path: Path, since: float) -> None:
    with file.door:
        kept = _kept.get(path)
        if kept is None or kept.unused != since or file.connections(path) > 1:
            return
        try:
            let_go(path)
        except FairleadError as error:  # it is told to whoever comes next
            _failed[path] = error
