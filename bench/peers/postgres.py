"""A PostgreSQL server for the length of a measurement: a cluster of its own, a free port of 127.0.0.1, gone
afterwards.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.peers.process import Failed

STARTS_WITHIN_SECONDS = 30
# room for a million rows in memory, and no flush to the disk at a commit: the peer's sums are measured, not this disk
SETTINGS = ("shared_buffers=512MB", "work_mem=64MB", "max_wal_size=4GB", "fsync=off", "listen_addresses=127.0.0.1")


def program(name: str) -> Path:
    """Raises Failed where it is not installed."""
    places = [Path(p) for p in os.environ.get("PATH", "").split(os.pathsep)]
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)  # Debian keeps them off the path
    path = next((place / name for place in places if (place / name).is_file()), None)
    if path is None:
        raise Failed(f"{name} is not installed here: PostgreSQL's server is needed for this measurement")
    return path


@contextmanager
def postgres() -> Iterator[int]:
    """The port; user and database are both `postgres`, no password."""
    folder = Path(tempfile.mkdtemp(prefix="bench-postgres-"))
    user: dict[str, Any] = {}
    if os.geteuid() == 0:  # the server refuses to run as root
        user = {"user": "nobody"}
        os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder, **user}
    data = folder / "data"
    try:
        subprocess.run([program("initdb"), "-D", data, "-U", "postgres", "--auth=trust"], check=True, **quiet)
        settings = [
            word
            for setting in (*SETTINGS, f"port={port}", f"unix_socket_directories={folder}")
            for word in ("-c", setting)
        ]
        server = subprocess.Popen([program("postgres"), "-D", data, *settings], **quiet)
        try:
            _await(port)
            yield port
        finally:
            server.terminate()
            server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _await(port: int) -> None:
    until = time.monotonic() + STARTS_WITHIN_SECONDS
    ask: list[str | Path] = [program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    while subprocess.run(ask).returncode:
        if time.monotonic() > until:
            raise Failed(f"PostgreSQL does not answer within {STARTS_WITHIN_SECONDS} s")
        time.sleep(0.1)
