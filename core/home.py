"""FAIRLEAD_HOME is its owner's alone: it holds people's addresses, what was sent to them, and the logs of both."""

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from core.errors import ConfigError

OWNER_ONLY = 0o077  # the umask: what anybody but the owner may not
OTHERS = stat.S_IRWXG | stat.S_IRWXO
MARKER = ".fairlead-home"  # stands in every home that one of our commands began
# What only a home of ours holds, also one that is older than the marker or whose warehouse is PostgreSQL's.
PROOFS = (MARKER, ".sample", "warehouse.duckdb", "dbt/target", "artifacts/models", "marks/installation", "sample_truth")
SCRATCH = "scratch-"
# What may lie there before the first command: data to be read, what Airflow and we write, what a volume brings along.
EARLY = {
    "airflow",
    "artifacts",
    "channels.json",
    "dbt",
    "failures.jsonl",
    "in",
    "journals",
    "lineage",
    "locks",
    "lost+found",
    "marks",
    "outbox",
    "sample",
    "tmp",
}


def guard(home: Path, *projects: Path) -> None:
    """From here on what we and our children write is the owner's alone; a home that stands open is closed, with all
    that lies in it.

    While the folder itself is closed nobody gets to what lies in it: so it is walked but once, or when `fairlead
    doctor` asks. Raises ConfigError, before anything is touched, where the folder is no home and must not become one.
    """
    _refuse(home, projects)
    os.umask(OWNER_ONLY)
    if not _is_ours(home):
        _begin(home)
    if _is_open(home):
        close(home)


def close(home: Path) -> list[Path]:
    """Take from others what they may do with anything in the home; what of it stays open, since it is somebody
    else's.
    """
    for path in _all(home):
        with suppress(OSError):  # it has gone meanwhile, or is not ours
            if _is_open(path):
                path.chmod(stat.S_IMODE(path.stat().st_mode) & ~OTHERS)
    return [path for path in _all(home) if _is_open(path)]


def _refuse(home: Path, projects: Iterable[Path]) -> None:
    """Whatever lies in them, these are never a home: to close one would shut others out of what is theirs."""
    setting = f"FAIRLEAD_HOME is {home}"
    if home.exists() and not home.is_dir():
        raise ConfigError(f"{setting}, which is no folder. {_MEND}")
    if home.parent == home:
        raise ConfigError(f"{setting}, the root of all files. {_MEND}")
    for project in projects:
        if project.resolve().is_relative_to(home):
            raise ConfigError(f"{setting}, which holds the project {project}. {_MEND}")
    with suppress(RuntimeError):  # a user without a home folder
        if Path.home().resolve().is_relative_to(home):
            raise ConfigError(f"{setting}, which is or holds your own home folder. {_MEND}")


_MEND = "Set it to a folder of Fairlead's own, new or empty."


def is_empty(home: Path) -> bool:
    """No folder, or one that holds nothing."""
    return not home.exists() or (home.is_dir() and not any(home.iterdir()))


def _is_ours(home: Path) -> bool:
    return any((home / proof).exists() for proof in PROOFS)


def _begin(home: Path) -> None:
    """An empty folder becomes a home, and so does one that holds nothing but what may lie there before."""
    home.mkdir(parents=True, exist_ok=True)
    with suppress(PermissionError):  # who may not look or write there is told so by whatever wants to
        strange = sorted(path.name for path in home.iterdir() if path.name not in EARLY)
        if strange:
            raise ConfigError(
                f"FAIRLEAD_HOME is {home}, which holds what is not ours ({', '.join(strange[:3])}). {_MEND} "
                f"Where it is a home of ours all the same: touch {home / MARKER}"
            )
        (home / MARKER).touch()


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


@contextmanager
def scratch_folder(home: Path, prefix: str) -> Iterator[Path]:
    """A folder of this process's own below the home, gone with the block.

    What killed processes left, copies of people's data, is swept away here: a folder is locked while its process lives.
    """
    parent = home / "tmp"
    parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as ours:
        with _locked(parent / ".sweep", wait=True):
            _sweep(parent)
            folder = Path(tempfile.mkdtemp(prefix=f"{SCRATCH}{prefix}-", dir=parent))  # 0700
            ours.enter_context(_locked(folder / ".lock", wait=False))
        ours.callback(shutil.rmtree, folder, ignore_errors=True)
        yield folder


def _sweep(parent: Path) -> None:
    for folder in parent.glob(f"{SCRATCH}*"):
        with suppress(OSError), _locked(folder / ".lock", wait=False):  # OSError: its process lives
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(file: Path, wait: bool) -> Iterator[None]:
    """Held until the block or the process ends. Raises BlockingIOError where another holds it and we do not wait."""
    with file.open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
