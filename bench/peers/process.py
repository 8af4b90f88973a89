"""Other processes, measured from outside: their time, their peak memory, what they said; and the receiver as one of
them.
"""

import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


class Failed(Exception):  # noqa: N818  (it says what happened)
    """A process ended with another code than 0; says which, and its last words."""


@dataclass(frozen=True)
class Ran:
    seconds: float  # from start to exit, the interpreter and its imports included
    cpu_seconds: float  # what it used of the cores, whoever else was at them
    peak_mib: int  # of the process itself, or of the largest process it waited for
    code: int
    output: str

    def json(self) -> dict[str, Any]:
        """The JSON object on the last line of its output."""
        result: dict[str, Any] = json.loads(self.output.strip().splitlines()[-1])
        return result


def run(
    command: Sequence[str | Path], *, cwd: Path = ROOT, env: Mapping[str, str] | None = None, fails: bool = False
) -> Ran:
    """Run to the end. Raises Failed unless `fails` says that a failure is a result too.

    The peak is the kernel's own (wait4). It counts a process from its fork on, so the one that measures must stay
    small.
    """
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        started = time.perf_counter()
        process = subprocess.Popen(list(map(str, command)), stdout=output, stderr=errors, cwd=cwd, env=env)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = code = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        stdout, stderr = output.read(), errors.read().strip().splitlines()[-1:] or ["no message"]
    if code and not fails:
        raise Failed(f"{Path(command[0]).name} {' '.join(map(str, command[1:4]))}: code {code}: {stderr[0][:300]}")
    return Ran(seconds, usage.ru_utime + usage.ru_stime, round(usage.ru_maxrss / 1024), code, stdout)


def script_path(name: str) -> Path:
    """A script of this folder, to be run with -P: drt.py and dlt.py beside it must not be found before the packages."""
    return HERE / f"{name}.py"


def script(name: str, *words: object) -> Ran:
    return run([sys.executable, "-P", script_path(name), *map(str, words)])


@dataclass(frozen=True)
class Receiver:
    port: int

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def clear(self) -> None:
        self._ask("DELETE")

    def counts(self) -> dict[str, Any]:
        return self._ask("GET")

    def _ask(self, method: str) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, "/")
            answer: dict[str, Any] = json.loads(connection.getresponse().read())
            return answer
        finally:
            connection.close()


@contextmanager
def receiving(*bad_keys: str) -> Iterator[Receiver]:
    process = subprocess.Popen(
        [sys.executable, "-P", script_path("receiver"), "--bad", *bad_keys], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield Receiver(int(process.stdout.readline()))
    finally:
        process.terminate()
        process.wait()
