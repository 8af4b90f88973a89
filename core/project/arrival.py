"""New files come into the project all together: what a killed command had written whole is told by every other and
brought to its end by the next that writes such files; what it had not is swept away.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.project.files import folder_of, projects, shown
from core.settings import Settings

WAITING = ".fairlead-new"  # beside what it will become a part of: a move within one file system leaves nothing half
COMPLETE = ".complete"  # stands in it once all files do


def arrive(settings: Settings, files: dict[Path, str]) -> None:
    """Write all of `files` (path in the project, or in the company's folder -> text), none of which is there."""
    base = folder_of(settings) or settings.root
    with _held(base, wait=True):
        _finish(base)
        for path, text in files.items():
            place = base / WAITING / path.relative_to(base)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        (base / WAITING / COMPLETE).touch()
        _finish(base)


def unfinished(settings: Settings) -> list[str]:
    """Where a killed `fairlead new` has left files that are not in their place, a line a folder. Nothing is written."""
    lines = []
    for base in projects(settings):
        with suppress(OSError):  # another command is at it
            if (base / WAITING / COMPLETE).exists():
                with _held(base, wait=False):
                    lines.append(
                        f"{base / WAITING} holds files that a killed `fairlead new` has not put in their places: type "
                        "it again, and they are."
                    )
    return lines


def finish(settings: Settings) -> list[str]:
    """What a killed `fairlead new` had written is put where it belongs; what is to be told of it, a line a folder."""
    lines = []
    for base in projects(settings):
        if (base / WAITING).is_dir():
            try:
                with _held(base, wait=False):
                    arrived = [shown(settings, path) for path in _finish(base)]
            except BlockingIOError:  # another command is at it
                continue
            except OSError as error:
                lines.append(
                    f"{base / WAITING} holds what a killed `fairlead new` has not put in its place, and it cannot be "
                    f"moved ({error.strerror}). Run any command as whoever owns the folder, or remove it."
                )
            else:
                lines += [f"A killed `fairlead new` had written {', '.join(arrived)}: in place now."] * bool(arrived)
    return lines


def _finish(base: Path) -> list[Path]:
    """Nothing that is there is written over: a file that somebody has put there meanwhile is theirs."""
    waiting, arrived = base / WAITING, []
    if (waiting / COMPLETE).exists():
        for path in sorted(path for path in waiting.rglob("*") if path.is_file() and path.name != COMPLETE):
            place = base / path.relative_to(waiting)
            if not place.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                path.replace(place)
                arrived.append(place)
    if waiting.is_dir():
        shutil.rmtree(waiting)
    return arrived


@contextmanager
def _held(base: Path, wait: bool) -> Iterator[None]:
    """Raises BlockingIOError where another holds it and we do not wait. A lock on the folder itself leaves no file."""
    folder = os.open(base, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(folder)
