"""Where files lie: here or at any fsspec URL.

Which of them a pull is to read, and every way in which a storage fails.
"""

import glob
import posixpath
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from connectors.reading import Request
from core.errors import ConfigError, FatalError, RetryableError
from core.unexpected import words

LOCAL = ("file", "local")  # fsspec's names of the file system that is here


@dataclass(frozen=True)
class StoredFile:
    """A file to read: `name` is its place below the source's path; no machine's path gets into the warehouse."""

    name: str
    address: str
    day: date
    size: int
    fingerprint: str


def files_of(request: Request, system: Any, root: str) -> list[StoredFile]:
    """Those of the days asked for, or all that are new."""
    return _by_day(request, system, root) if request.table.by_day else _by_glob(request, system, root)


def late_files_of(request: Request, system: Any, root: str, since: date) -> list[StoredFile]:
    """Those of `since` and later, before the days asked for, that were never read or have changed since."""
    days = [since + timedelta(days=i) for i in range((request.first_day - since).days)]
    names = [(str(request.table.pattern).replace("{day}", day.isoformat()), day) for day in days]
    files = [file for name, day in names if (file := _look(system, root, name, day)) is not None]
    return [file for file in files if request.fingerprints.get(file.name) != file.fingerprint]


def filesystem(request: Request) -> tuple[Any, str]:
    import fsspec

    if not request.place.path:
        raise ConfigError(f"{request.source} has no path. Set [sources.{request.source}] path in fairlead.toml.")
    # no instance of before: it would keep the listing and the credentials of then
    try:
        system, root = fsspec.core.url_to_fs(request.place.path, skip_instance_cache=True)
    except (ImportError, ValueError) as error:
        raise RetryableError(f"{request.source} cannot be reached: {words(error)}") from None
    if not system.exists(root):
        _refuse_if_away(system, root, request.source)
        raise RetryableError(
            f"{request.source} is not there: its path does not exist. Check [sources.{request.source}] path."
        )
    return system, root


def _refuse_if_away(system: Any, root: str, source: str) -> None:
    """To some libraries what cannot be reached does not exist; the cause of their error says which it is."""
    with reaching(source):
        try:
            system.info(root)
        except FileNotFoundError as error:
            if error.__cause__ and not isinstance(error.__cause__, FileNotFoundError):
                raise RetryableError(f"{source} cannot be reached: {words(error.__cause__)}") from None


@contextmanager
def reaching(subject: str) -> Iterator[None]:
    """The storage is away: an OSError, or whatever the library of this file system raises instead (botocore's,
    aiohttp's).
    """
    try:
        yield
    except Exception as error:
        library = type(error).__module__.partition(".")[0]
        if not isinstance(error, OSError) and library in {*sys.stdlib_module_names, "core", "connectors", "pyarrow"}:
            raise
        raise RetryableError(f"{subject} cannot be reached: {words(error)}") from None


def _by_day(request: Request, system: Any, root: str) -> list[StoredFile]:
    days = [request.first_day + timedelta(days=i) for i in range((request.day - request.first_day).days + 1)]
    days = days if request.late_files is None else list(request.late_files)
    stored, missing_names = [], []
    for day in days:
        name = str(request.table.pattern).replace("{day}", day.isoformat())
        if request.is_anew and name not in request.pulled_days:
            continue
        file = _look(system, root, name, day)
        if file is not None:
            stored.append(file)
        else:
            missing_names.append(name)
    if missing_names and request.table.missing == "error":
        raise RetryableError(
            f"{len(missing_names)} file(s) are missing, first {missing_names[0]}. Deliver them, or declare `missing: "
            "ok`."
        )
    return stored


def _by_glob(request: Request, system: Any, root: str) -> list[StoredFile]:
    """Every file that was not yet pulled, or has changed since."""
    folder = root.rstrip("/")
    pattern = str(request.table.pattern)
    addresses = sorted(system.glob(posixpath.join(glob.escape(folder), pattern)))
    names = [posixpath.relpath(a, folder) if a.startswith(folder) else posixpath.basename(a) for a in addresses]
    files = [f for n in names if (f := _look(system, root, n, request.day)) is not None]
    if not files and request.table.missing == "error":
        raise RetryableError(f"no file matches {pattern}. Deliver one, or declare `missing: ok`.")
    if request.is_anew:
        return [f for f in files if f.name in request.pulled_days]
    return [f for f in files if request.fingerprints.get(f.name) != f.fingerprint]


def _look(system: Any, root: str, name: str, day: date) -> StoredFile | None:
    address = posixpath.join(root.rstrip("/"), name)
    try:
        info = system.info(address)
    except FileNotFoundError:
        return None
    if info.get("type") == "directory":
        return None
    _refuse_odd(name, Path(address) if system.protocol == LOCAL else None)
    changed = next(
        (str(info[k]) for k in ("ETag", "etag", "mtime", "LastModified", "last_modified", "created") if k in info), ""
    )
    return StoredFile(name, address, day, int(info["size"]), f"{info['size']}:{changed}")


def _refuse_odd(name: str, path: Path | None) -> None:
    """A pipe would be waited for, a link to nowhere pass for an empty file, a name that is no text land nowhere."""
    printable = name.encode("utf-8", "replace").decode()
    if printable != name:
        raise FatalError(f"{printable}: its name is no UTF-8. Rename it, or let `pattern` pass it by.")
    if path is not None and not path.exists():
        raise RetryableError(f"{printable} is a link that leads nowhere.")
    if path is not None and not path.is_file():
        raise FatalError(f"{printable} is no file, but a pipe or a device. Let `pattern` pass it by.")


def size(system: Any, address: str) -> int:
    system.invalidate_cache()
    return int(system.info(address)["size"])
