"""The embedded warehouse's file: who has it, whether it is whole, and the one door by which this process opens it.

Nothing here reads an error's text. That another process has the file says the system's own lock, which is asked for its
holder; a file that nobody has and that does not open, or whose pages do not read, is damaged.
"""

import fcntl
import os
import re
import shutil
import stat
import struct
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from core.engines.driver_calls import nobody_asks
from core.errors import ConfigError, FatalError, RetryableError

POLL_SECONDS = 0.2  # how often we ask for the file's lock while another step has it
STOP_SECONDS = 2.0  # how long our turn is still waited for once somebody wants an end
FREE_TRIES = 5  # a file may be let go between a refusal and our question; a damaged one fails each time
# What makes a database's own page, or the disk or memory below it, the cause; a commit that could not be written is a
# TransactionException.
ENGINE = (duckdb.OutOfMemoryException, duckdb.FatalException, duckdb.InternalException, duckdb.SerializationException)
STOPPED = (*ENGINE, duckdb.IOException, duckdb.TransactionException)
LITTLE_BYTES = 256 * 1024**2  # less than this free, and a full disk is the likelier cause
RESTORE = "Restore warehouse.duckdb (and warehouse.duckdb.wal beside it) from a backup, then pull the days since"
# How each warehouse.duckdb.wal begins (entry type 98, the format's version, what follows): DuckDB takes one that begins
# otherwise for one without a commit, passes over it and throws it away. A killed writer may have left less of it.
WAL_BEGINNING = re.compile(rb"d\0be\0.(\xff\xff|f\0)", re.DOTALL)
# struct flock as fcntl(2) takes it: (type, whence, start, length, pid) on Linux, (start, length, pid, type, whence) on
# macOS
FLOCK = "qqihh" if sys.platform == "darwin" else "hhqqi4x"

# Closing the file anywhere in a process lets go of all its locks on it: so we ask only while nobody of ours has it
# open.
door = threading.RLock()
_connections: Counter[Path] = Counter()

# Of a file that is watched: a descriptor from before it was opened until it is closed, its beginning as this process
# left it, and how often it had another when it was opened again.
HEADERS = 3 * 4096  # bytes; each checkpoint, and nothing else, writes its number there
_watched: dict[Path, str] = {}  # and which schema the watcher itself writes
_descriptors: dict[Path, int] = {}
_left: dict[Path, bytes] = {}
_others: Counter[Path] = Counter()


def open_file(
    path: Path, config: dict[str, Any], wait_seconds: float, read_only: bool, stopped: Callable[[], str] = nobody_asks
) -> duckdb.DuckDBPyConnection:
    """The file's connection, when our turn comes. Raises RetryableError when another has it, FatalError when it is
    damaged.

    stopped   why an end is wanted: our turn is then waited for a little longer, and no more
    """
    deadline, free, reason = time.monotonic() + wait_seconds, 0, ""
    while True:
        with door:
            try:
                return _opened(path, config, read_only)
            except duckdb.ConnectionException:
                holder: int | None = os.getpid()  # this very process has it open in the other way
            except (duckdb.ParserException, duckdb.InvalidInputException) as error:  # of a setting, not of the file
                raise ConfigError(f"DuckDB does not take [warehouse] of fairlead.toml: {first_line(error)}") from None
            except duckdb.Error as error:
                holder = _holder(path, read_only)
                free = 0 if holder is not None else free + 1
                if free == 1 and read_only:
                    _recover(path, config)
                if free >= FREE_TRIES:
                    raise unopened(path, error) from None
        if not reason and (reason := stopped()):
            deadline = min(deadline, time.monotonic() + STOP_SECONDS)
        if time.monotonic() >= deadline:
            raise _occupied(holder, wait_seconds, reason)
        time.sleep(POLL_SECONDS if holder is not None else 0.02)


def _occupied(holder: int | None, wait_seconds: float, reason: str) -> RetryableError:
    """What to tell when our turn did not come. reason   why an end was wanted; "": the time was over"""
    process = f"process {holder or 'unknown'}"
    if reason:
        return RetryableError(f"{reason}, and the warehouse could not be had ({process} has it).")
    return RetryableError(
        f"Another process has had the warehouse for {wait_seconds:.0f} s ({process}). "
        "Wait for it, or raise warehouse.lock_wait_seconds."
    )


def refuse_what_is_none(path: Path) -> None:
    """Raises FatalError where something else lies in the warehouse's place, or beside it, which DuckDB would wait for
    or pass over in silence.
    """
    if path.is_symlink() and not path.exists():
        raise FatalError(
            f"The warehouse {path} is a link that leads nowhere. Mount what it leads to; for a new warehouse remove it."
        )
    if path.exists() and not (path.is_dir() or stat.S_ISREG(path.stat().st_mode)):
        raise FatalError(f"The warehouse {path} is no file. Look at what lies there, and put the warehouse back.")
    log = _log(path)
    try:
        with log.open("rb") as file:
            beginning = file.read(8)
    except FileNotFoundError:
        return
    if len(beginning) == 8 and not WAL_BEGINNING.match(beginning):
        raise FatalError(
            f"{log.name} is damaged: what was committed last is in it and cannot be read. {RESTORE}. "
            "Or move it away, and"
            " do again what was done since the last step that ended."
        )


def close_file(path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    with door:
        try:
            if _connections[path] == 1 and path in _descriptors:
                _leave(path, connection)
            connection.close()
        except STOPPED as error:
            raise stopped(path, error) from None
        finally:
            _connections[path] -= 1
            if not _connections[path] and path in _descriptors:
                os.close(_descriptors.pop(path))


@contextmanager
def watched(path: Path, writer: str) -> Iterator[None]:
    """Know within it of each opening whether anything but the schema `writer` may have been written, by another process
    or by this one, since this one last had the file. One at a time watches a file.
    """
    _watched[path] = writer
    try:
        yield
    finally:
        del _watched[path]
        _left.pop(path, None)


def connections(path: Path) -> int:
    """How many connections of this process have it open."""
    return _connections[path]


def note_writer(path: Path, schema: str) -> None:
    """A connection of this process is opened that writes there."""
    if _watched.get(path, schema) != schema:
        _others[path] += 1


def others(path: Path) -> int | None:
    """How often somebody else may have written while this process watched; None of a file that is not watched, or was
    open before it was.
    """
    return _others[path] if path in _descriptors else None


def _opened(path: Path, config: dict[str, Any], read_only: bool) -> duckdb.DuckDBPyConnection:
    """A descriptor is there before the file is opened and goes after it is closed: to close one lets go of its locks,
    and what is read by it in between nobody else changes.
    """
    first = path in _watched and not _connections[path] and not read_only and path.exists()
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC) if first else None
    try:
        connection = duckdb.connect(str(path), config=config, read_only=read_only)
    except BaseException:
        if descriptor is not None:
            os.close(descriptor)
        raise
    if descriptor is not None:
        _descriptors[path] = descriptor
        # a log that is there was written by somebody who was killed: we leave none
        _others[path] += _left.pop(path, None) != os.pread(descriptor, HEADERS, 0) or _log(path).exists()
    _connections[path] += 1
    return connection


def _log(path: Path) -> Path:
    return path.with_name(f"{path.name}.wal")


def _leave(path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    """How the file is left; what is not in it but in its log, the next one to open it may write into it."""
    try:
        connection.execute("checkpoint")
    except duckdb.Error:  # of a transaction that goes on, or a full disk, which the closing tells
        return
    if not _log(path).exists():
        _left[path] = os.pread(_descriptors[path], HEADERS, 0)


def stopped(path: Path, error: Exception) -> FatalError:
    """What to tell of an engine that gave up at work: the disk, the memory or the file itself."""
    free = shutil.disk_usage(path.parent).free
    if isinstance(error, duckdb.OutOfMemoryException) or free < LITTLE_BYTES:
        mend = (
            f"Free disk ({free // 1024**2} MiB are free) or memory, or lower warehouse.threads, and run the step again."
        )
    else:
        mend = (
            f"{free // 1024**2} MiB of disk are free; if that is enough, the file or its disk is damaged: `fairlead"
            f" doctor` reads all of it. {RESTORE}."
        )
    return FatalError(f"The warehouse stopped: {first_line(error)} {mend}")


def unopened(path: Path, error: Exception) -> FatalError:
    """What to tell of a file that nobody has and that does not open: a full disk does not let it be put in order
    either.
    """
    if shutil.disk_usage(path.parent).free < LITTLE_BYTES:
        return stopped(path, error)
    return FatalError(f"The warehouse {path.name} is damaged, or not one: {first_line(error)} {RESTORE}.")


def first_line(error: Exception) -> str:
    line = next(iter(str(error).splitlines()), type(error).__name__)
    return line if line.endswith((".", "!", "?")) else f"{line}."


def _holder(path: Path, read_only: bool) -> int | None:
    """The process whose lock keeps us out (0 where the system does not say which), None where nobody's does."""
    if _connections[path] > 0:
        return None
    lock_type = fcntl.F_RDLCK if read_only else fcntl.F_WRLCK
    order = (0, 0, 0, lock_type, os.SEEK_SET) if sys.platform == "darwin" else (lock_type, os.SEEK_SET, 0, 0, 0)
    try:
        with path.open("rb") as file:
            answer = struct.unpack(FLOCK, fcntl.fcntl(file, fcntl.F_GETLK, struct.pack(FLOCK, *order)))
    except OSError as error:
        raise FatalError(
            f"The warehouse {path} cannot be opened: {error.strerror}. Look at what lies there, and at this user's"
            " right to it."
        ) from None
    kind, pid = (answer[3], answer[2]) if sys.platform == "darwin" else (answer[0], answer[4])
    return None if kind == fcntl.F_UNLCK else max(pid, 0)


def _recover(path: Path, config: dict[str, Any]) -> None:
    """What a killed writer left may need a writer to be put in order; whether that helped, the next try shows."""
    try:
        duckdb.connect(str(path), config=config).close()
    except duckdb.Error:
        return
