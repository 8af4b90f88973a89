"""A virtual environment for a peer, made once and kept in the folder of `--peers`."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.peers.process import run


def environment(folder: Path, name: str, requirements: Sequence[str]) -> Path:
    """The environment's bin folder. Raises Failed when the package index has no such thing or cannot be reached."""
    place, pins = folder / name, "\n".join(requirements)
    pins_file = place / "made-of.txt"
    if not pins_file.is_file() or pins_file.read_text() != pins:
        folder.mkdir(parents=True, exist_ok=True)
        run([sys.executable, "-m", "venv", "--clear", place])
        # a folder of ready wheels, where one is set, is meant for Fairlead's own lock and need not hold a peer's
        env = {name: value for name, value in os.environ.items() if name != "PIP_FIND_LINKS"}
        run([place / "bin" / "python", "-m", "pip", "install", "--quiet", *requirements], env=env)
        pins_file.write_text(pins)
    return place / "bin"


def duckdb_version(bin_folder: Path) -> str:
    """The peer takes the newest DuckDB that its package allows, which need not be ours."""
    return run([bin_folder / "python", "-c", "import duckdb; print(duckdb.__version__)"]).output.strip()
