"""Real servers for tests: each on a free port of 127.0.0.1, not run as root, ended by its process id."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PLACES = [*map(Path, os.environ["PATH"].split(os.pathsep)), Path("/usr/sbin")]
PLACES += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
STARTS_WITHIN_SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def program(name: str) -> Path:
    """Where a server's program is; the test is skipped where it is not installed."""
    path = next((place / name for place in PLACES if (place / name).is_file()), None)
    if path is None:
        pytest.skip(f"{name} is not installed on this machine")
    return path


@contextlib.contextmanager
def folder_of(user: str | None) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="fairlead-server-"))
    if user:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def unprivileged() -> str | None:
    """Whom a server runs as: ourselves, or `nobody` where we are root."""
    return "nobody" if os.geteuid() == 0 else None


@contextlib.contextmanager
def running(
    command: list[Any], ready: Callable[[], bool], stop: int = signal.SIGTERM, **options: Any
) -> Iterator[None]:
    log = tempfile.TemporaryFile()  # noqa: SIM115 - read when the server does not come up
    server = subprocess.Popen(list(map(str, command)), stdout=log, stderr=log, **options)
    try:
        end = time.monotonic() + STARTS_WITHIN_SECONDS
        while not ready():
            if server.poll() is not None or time.monotonic() > end:
                log.seek(0)
                raise AssertionError(f"{command[0]} did not start: {log.read()[-3000:].decode(errors='replace')}")
            time.sleep(0.1)
        yield
    finally:
        server.send_signal(stop)
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(10)
        log.close()


@contextlib.contextmanager
def postgres() -> Iterator[int]:
    """A PostgreSQL with the superuser `fairlead`, no password asked; its port."""
    initdb, server, ready_check = program("initdb"), program("postgres"), program("pg_isready")
    user, port = unprivileged(), free_port()
    with folder_of(user) as folder:
        options: dict[str, Any] = {"user": user, "cwd": folder}
        install_command = [initdb, "-D", folder / "data", "-U", "fairlead", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run(install_command, check=True, capture_output=True, **options)
        command = [server, "-D", folder / "data", "-p", port, "-h", "127.0.0.1", "-k", folder, "-F"]
        question = [ready_check, "-h", "127.0.0.1", "-p", str(port)]
        # SIGINT: PostgreSQL's fast shutdown, which waits for no client
        with running(
            command, lambda: subprocess.run(question, capture_output=True).returncode == 0, signal.SIGINT, **options
        ):
            yield port


@contextlib.contextmanager
def redis() -> Iterator[int]:
    """A Redis that keeps nothing; its port."""
    server, client, port = program("redis-server"), program("redis-cli"), free_port()
    question = [client, "-p", str(port), "ping"]
    command = [server, "--port", port, "--bind", "127.0.0.1", "--save", ""]
    with (
        folder_of(unprivileged()) as folder,
        running(
            command,
            lambda: b"PONG" in subprocess.run(question, capture_output=True).stdout,
            cwd=folder,
            user=unprivileged(),
        ),
    ):
        yield port


@contextlib.contextmanager
def mariadb() -> Iterator[int]:
    """A MariaDB with the database `shop` and the user `fairlead`, password `secret`; its port."""
    install, server, ready_check = program("mariadb-install-db"), program("mariadbd"), program("mariadb-admin")
    client, user, port = program("mariadb"), unprivileged(), free_port()
    with folder_of(user) as folder:
        options: dict[str, Any] = {"user": user, "cwd": folder}
        data, way = f"--datadir={folder}/data", f"--socket={folder}/socket"
        install_command = [install, "--no-defaults", data, "--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run(install_command, check=True, capture_output=True, **options)
        command = [server, "--no-defaults", data, way, f"--port={port}", "--bind-address=127.0.0.1"]
        question = [ready_check, "--no-defaults", way, "--user=root", "ping"]
        with running(command, lambda: subprocess.run(question, capture_output=True).returncode == 0, **options):
            words = (
                "create database shop character set utf8mb4; create user fairlead@'%' identified by 'secret';"
                " grant all on *.* to fairlead@'%'"
            )
            subprocess.run([client, "--no-defaults", way, "--user=root", "--execute", words], check=True)
            yield port


@contextlib.contextmanager
def s3() -> Iterator[str]:
    """An S3 of moto's with the bucket `drop`; its URL. Any credentials are good."""
    import boto3

    port = free_port()
    address = f"http://127.0.0.1:{port}"

    def ready() -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    command = [Path(sys.executable).with_name("moto_server"), "--host", "127.0.0.1", "--port", port]
    with running(command, ready):
        keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "region_name": "us-east-1"}
        boto3.client("s3", endpoint_url=address, **keys).create_bucket(Bucket="drop")
        yield address
