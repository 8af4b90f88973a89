"""Processes that a test looks at from outside."""

import time
from collections.abc import Callable
from pathlib import Path


def within(seconds: float, so: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while not so() and time.monotonic() < end:
        time.sleep(0.05)
    return so()


def is_running(pid: int) -> bool:
    """A child that nobody has asked after yet is no more than a number."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def stand_in_for_dbt(folder: Path, text: str) -> Path:
    """A module in the place of dbt's own; the folder that is to be looked in before the environment's packages."""
    module = folder / "stand_in/dbt/cli/main.py"
    module.parent.mkdir(parents=True)
    module.write_text(text)
    for package in module.parents[:2]:
        (package / "__init__.py").touch()
    return module.parents[2]
