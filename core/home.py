"""FAIRLEAD_HOME is its owner's alone: it holds people's addresses, what was sent to them, and the logs of both."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

OWNER_ONLY = 0o077  # the umask: what anybody but the owner may not
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def guard(home: Path) -> None:
    """From here on what we and our children write is the owner's alone; a home that stands open is closed, with all that lies in it.

    While the folder itself is closed nobody gets to what lies in it: so it is walked but once, or when `fairlead doctor` asks.
    """
    os.umask(OWNER_ONLY)
    if home.is_dir() and _is_open(home):
        close(home)


def close(home: Path) -> list[Path]:
    """Take from others what they may do with anything in the home; what of it stays open, since it is somebody else's."""
    for path in _all(home):
        with suppress(OSError):  # it has gone meanwhile, or is not ours
            if _is_open(path):
                path.chmod(stat.S_IMODE(path.stat().st_mode) & ~OTHERS)
    return [path for path in _all(home) if _is_open(path)]


def _is_open(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & OTHERS)
    except OSError:
        return False


def _all(home: Path) -> Iterator[Path]:
    """The folder first: once it is closed, nobody comes in while the rest is walked."""
    yield home
    for folder, folders, files in os.walk(home):
        for name in (*folders, *files):
            if not (path := Path(folder, name)).is_symlink():
                yield path
