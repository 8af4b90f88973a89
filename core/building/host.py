"""How dbt is run: a process for each command, or, for the length of a night, one that has read everything before and
forks for each (dbt_process.serve).
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from core.building.dbt_process import LENGTH, NOT_READ, SERVE

END_SECONDS = 10  # for dbt to end once it is told


def start(
    command: list[str], variables: str, environment: Mapping[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    """A process that does not outlive us: whatever ends the waiting ends it, and only then goes on up.

    It stays in our process group, so that whoever ends the group (Airflow, a terminal, tini) ends both. Text out and
    errors in one stream, in order; a full disk or a kill shows in the return code.
    """
    child = subprocess.Popen(
        command, env=environment, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip
    try:
        output, _ = child.communicate(variables)
    except BaseException:
        end(child)
        raise
    return subprocess.CompletedProcess(command, child.returncode, output)


def end(child: subprocess.Popen[Any]) -> None:
    child.terminate()
    try:
        child.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


class Host:
    """That one process. A command of it does not outlive it, as it does not outlive us."""

    def __init__(self, command: list[str], variables: str, environment: Mapping[str, str], folder: Path) -> None:
        """Begin to read the project, as the command `dbt parse` does; nobody waits for it."""
        self.line, other = socket.socketpair()
        with other:
            self.process = subprocess.Popen(
                [*command[:3], SERVE, str(other.fileno())], env=environment, cwd=folder, pass_fds=(other.fileno(),),
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        with contextlib.suppress(OSError):
            self._ask(command, variables, environment, folder)

    def run(
        self, command: list[str], variables: str, environment: Mapping[str, str], folder: Path
    ) -> subprocess.CompletedProcess[str]:
        """As `start` does; and by it where that process has ended, or could not read the project as it is asked for."""
        done = None
        if self.process.poll() is None:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                done = self._forked(command, variables, environment, folder)
        return done or start(command, variables, environment, folder)

    def _forked(
        self, command: list[str], variables: str, environment: Mapping[str, str], folder: Path
    ) -> subprocess.CompletedProcess[str] | None:
        child, (ours, theirs) = "", os.pipe()
        with os.fdopen(ours, encoding="utf-8", errors="replace") as output, self.line.makefile() as answers:
            try:
                try:
                    self._ask(command, variables, environment, folder, theirs)
                finally:
                    os.close(theirs)
                child, text = answers.readline(), output.read()
                code = "" if child.encode() == NOT_READ else answers.readline()
            except BaseException:
                end(self.process)  # its child is told with it
                _wait_for_end_of(child, output)
                raise
        if child.encode() == NOT_READ:
            return None
        return subprocess.CompletedProcess(command, int(code or -signal.SIGKILL), text)

    def _ask(
        self, command: list[str], variables: str, environment: Mapping[str, str], folder: Path, *output: int
    ) -> None:
        asked = {"words": command[3:], "variables": variables, "environment": dict(environment), "folder": str(folder)}
        data = json.dumps(asked).encode()
        socket.send_fds(self.line, [b"%0*d" % (LENGTH, len(data))], output)
        self.line.sendall(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.line.close()
        end(self.process)


def _wait_for_end_of(child: str, output: Any) -> None:
    """Nobody has its output open any more then; who does for too long is ended outright."""
    until = time.monotonic() + END_SECONDS
    while (left := until - time.monotonic()) > 0:
        if select.select([output], [], [], left)[0] and not os.read(output.fileno(), 1 << 20):
            return
    if child.strip():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(child), signal.SIGKILL)
