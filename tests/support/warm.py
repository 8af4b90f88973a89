"""Commands without their start: a process that has imported everything once, and forks for each command.

A command still is a process of its own, with its own memory, its own lock on the warehouse and its own exit code;
what it does not do is spend two to five seconds on importing dbt, pandas, pyarrow and us. Tests about starting,
killing or typing a command start a real one (support/shop.py, `start` in test_faults.py).
"""

import array
import atexit
import contextlib
import gc
import json
import os
import socket
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import core.build

ROOT = Path(__file__).resolve().parents[2]
SOCKET = "WARM_COMMANDS"  # names the socket of the process that is there already
LEAVES_LOCKS = "ignore::UserWarning:multiprocessing.resource_tracker"  # dbt's, when the process is told to end
_started: list[subprocess.Popen[bytes]] = []


def run(kind: str, words: list[str], environment: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    """One command to its end. `kind` is `fairlead`, `bench` or `dbt`; of dbt, errors go to the same stream."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        streams = (out, out if kind == "dbt" else err)
        request = {"kind": kind, "words": words, "environment": environment, "folder": str(folder)}
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.connect(_address())
            numbers = array.array("i", [stream.fileno() for stream in streams])
            line.sendmsg([json.dumps(request).encode() + b"\n"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, numbers)])
            line.shutdown(socket.SHUT_WR)
            code = int(line.makefile("rb").read() or b"-9")
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read().decode())
    return subprocess.CompletedProcess([kind, *words], code, texts[0], texts[1])


def dbt(
    command: list[str], variables: str, environment: dict[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    """In place of core.build's way of starting dbt: [python, -P, file, words of dbt …].

    On one thread: two workers have the cores, and dbt's threads wait for each other's Python.
    """
    return run("dbt", [*command[3:], "--vars", variables], environment | {"FAIRLEAD_THREADS": "1"}, folder)


def start() -> None:
    """One for all workers, where there are several: it warms while they collect, and whoever comes first waits."""
    _address()


def _address() -> str:
    if SOCKET not in os.environ:
        address = str(Path(tempfile.mkdtemp(prefix="fairlead-warm-")) / "socket")
        command = [sys.executable, "-m", "support.warm", address]
        paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
        server = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": paths, SOCKET: address, "PYTHONWARNINGS": LEAVES_LOCKS},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert server.stdout is not None and server.stdout.readline() == b"ready\n"
        _started.append(server)
        os.environ[SOCKET] = address
        atexit.register(_stop)
    return os.environ[SOCKET]


def _stop() -> None:
    for server in _started:
        server.terminate()
        server.wait()
    Path(os.environ[SOCKET]).parent.joinpath("socket").unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        Path(os.environ[SOCKET]).parent.rmdir()


def _serve(address: str) -> None:
    """Fork for each request. Nothing here may start a thread: a fork would not take it along."""
    import signal

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        door.bind(address)
        door.listen()
        print("ready", flush=True)
        _import_everything()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever waits for a command waits on its socket
        while True:
            line, _ = door.accept()
            if os.fork() == 0:
                door.close()
                _wait_for_command(line)
            line.close()


def _wait_for_command(line: socket.socket) -> None:
    """In a child of the server: the command is a grandchild, whose exit code goes back over the line."""
    import signal

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    data, numbers = b"", array.array("i")
    while not data.endswith(b"\n"):
        piece, ancillary, _, _ = line.recvmsg(1 << 20, socket.CMSG_SPACE(2 * numbers.itemsize))
        for _, _, received in ancillary:
            numbers.frombytes(received)
        data += piece
    child = os.fork()
    if child == 0:
        line.close()
        os._exit(_command(json.loads(data), list(numbers)))
    _, status = os.waitpid(child, 0)
    line.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _command(request: dict[str, Any], streams: list[int]) -> int:
    """In the grandchild: the command itself, as its own process would do it; its exit code."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(streams[0], 1)
    os.dup2(streams[1], 2)
    ours = {SOCKET: os.environ[SOCKET]}
    os.environ.clear()
    os.environ.update(request["environment"] | ours)
    os.chdir(request["folder"])
    sys.argv = [request["kind"], *request["words"]]
    try:
        _main(request["kind"])
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def _main(kind: str) -> None:
    if kind == "dbt":
        from core.building import dbt_process

        sys.exit(dbt_process.main(sys.argv[1:]))
    elif kind == "bench":
        from bench.__main__ import main

        sys.exit(main())
    else:
        import fairlead

        fairlead.main()


def _import_everything() -> None:
    import importlib
    import pkgutil

    for name in ("lightgbm", "pandas", "sklearn.isotonic", "scipy.sparse.csgraph", "duckdb_engine", "dbt.cli.main"):
        importlib.import_module(name)
    for name in ("dbt.adapters.duckdb", "dbt.adapters.duckdb.impl", "dbt.task.build", "dbt.parser.manifest"):
        importlib.import_module(name)
    for room in ("core", "connectors", "people", "content", "ml", "activation", "insight", "cli"):
        for module in pkgutil.walk_packages(importlib.import_module(room).__path__, f"{room}."):
            if not module.name.startswith("activation.channels."):
                importlib.import_module(module.name)
    import fairlead  # noqa: F401 - the command line itself

    core.build._run = dbt
    _warm_dbt()
    gc.collect()
    gc.freeze()  # what stands now is never garbage, and no fork copies it for being looked at


def _warm_dbt() -> None:
    """dbt reads the project twice: what it makes of each macro and each model's text stands then, whatever the
    variables and the days of those that are built later.
    """
    from dbt.cli.main import dbtRunner
    from dbt_common.clients.jinja import template_cache
    from dbt_common.tests import enable_test_caching

    from core.building import dbt_process
    from core.settings import load_settings

    enable_test_caching()  # of what a text of Jinja is parsed to
    dbt_process.keep_what_jinja_compiles()
    environment = dict(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(root=ROOT, home=Path(folder))
        os.environ.update(core.build.dbt_environment(settings, date(2026, 1, 1)))
        # its static parser starts threads, which no fork would take along, and which each would then wait for
        words = ["--quiet", "--no-static-parser", "parse", "--log-level-file", "none"]
        for option in ("project-dir", "profiles-dir"):
            words += [f"--{option}", str(ROOT / "dbt_project")]
        for option in ("target-path", "log-path"):
            words += [f"--{option}", folder]
        for _ in range(2):
            result = dbtRunner().invoke(words)
            assert result.success, result.exception
    for macro in result.result.macros.values():
        template_cache.get_node_template(macro)
    os.environ.clear()
    os.environ.update(environment)


if __name__ == "__main__":
    from support import warm  # the same module that core.build's replacement is taken from

    warm._serve(sys.argv[1])
