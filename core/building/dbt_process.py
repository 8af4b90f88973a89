"""dbt, in the process that core/build.py starts for it: this file is run by its path and imports nothing of ours.

dbt makes the text of every event before it looks at the level, and looks through the whole environment for secrets
each time; it also writes its manifest twice a build. Both together were a third of a build. So dbt writes no line
itself, and its callback, which is part of its programmatic interface, writes those of a level that somebody reads.
Three parts of it are replaced by what does the same in less time, each in a function that says why.
"""

import contextlib
import ctypes
import functools
import gc
import json
import logging
import os
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

END_WITH_US = 1, 15  # PR_SET_PDEATHSIG, SIGTERM: whoever is killed outright leaves nobody to end dbt
LEVELS = ("info", "warn", "error")
OBJECTS = 100_000  # made before Python looks for garbage: its own 700 cost a sixth of a build
LOG_BYTES, LOGS = 10 * 1024**2, 5  # of dbt.log, and how many earlier ones are kept: dbt's own figures
SERVE = "serve"  # a night's process, and the number of its socket
LENGTH = 10  # digits before each request
NOT_READ = b"-\n"  # its answer to a command of another project, day or engine than it has read
QUIET = ("--log-level", "none", "--log-level-file", "none")


def main(words: Sequence[str], **read: Any) -> int:
    """One dbt command; 0 when all went well, 1 when a node failed, 2 when dbt could not go on: dbt's own codes.

    read   `manifest`, where the project was read before
    """
    _end_with_our_parent()
    command_line = _dbt()
    is_build, told = words[0] == "build", threading.Event()
    result = command_line.dbtRunner(callbacks=[_writer(_option(words, "--log-path"), told)], **read).invoke(
        [*words, *QUIET, *(["--no-write-json"] if is_build else [])]
    )
    if is_build and result.result is not None:
        result.result.write(str(_option(words, "--target-path") / "run_results.json"))
    if result.exception and not told.is_set():
        print(f"{type(result.exception).__name__}: {result.exception}", flush=True)
    return 0 if result.success else 2 if result.exception else 1


def serve(descriptor: int) -> int:
    """A night's dbt: one process that imports it and reads the project while the sources are pulled, and forks for each
    command, which is a process of its own still. core/building/host.py is at the other end of the socket.
    """
    _end_with_our_parent()
    kept: tuple[Any, Any] = (None, None)
    with socket.socket(fileno=descriptor) as line:
        _dbt()
        while request := _request(line):
            asked, streams = request
            if not streams:
                kept = _read(asked)
                continue
            child = os.fork() if kept[0] == _meaning(asked) else None
            if child == 0:
                line.close()
                os._exit(_command(asked, streams[0], kept[1]))
            os.close(streams[0])
            if child is None:  # dbt's own parser, once used, does not work in a forked process
                line.sendall(NOT_READ)
                continue
            line.sendall(b"%d\n" % child)
            line.sendall(b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    return 0


def _request(line: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """What is asked, as JSON behind its length, and where its output goes; nothing at the end of the night."""
    length, streams, _, _ = socket.recv_fds(line, LENGTH, 1)
    if not length:
        return None
    data = b""
    while len(data) < int(length):
        data += line.recv(int(length) - len(data)) or sys.exit("half a request")
    return json.loads(data), streams


def _meaning(asked: dict[str, Any]) -> Any:
    """What a project was read with: where that is another, so is what was read."""
    ours = {name: value for name, value in asked["environment"].items() if name.startswith(("FAIRLEAD_", "DBT_"))}
    return asked["folder"], asked["variables"], ours


def _read(asked: dict[str, Any]) -> tuple[Any, Any]:
    """The project as it is asked for, with what Jinja makes of its own macros (of dbt's few are used); nothing where it
    cannot be read, which the build then says.
    """
    from dbt_common.clients.jinja import get_template, template_cache

    result = _dbt().dbtRunner().invoke([*asked["words"], *QUIET, "--no-write-json", "--vars", asked["variables"]])
    if not result.success:
        return None, None
    manifest: Any = result.result
    for macro in (m for m in manifest.macros.values() if m.package_name == manifest.metadata.project_name):
        template_cache.get_node_template(macro)
    for node in manifest.nodes.values():
        if node.language == "sql":
            get_template(node.raw_code, {})  # what it is compiled to is kept
    gc.collect()
    gc.freeze()
    return _meaning(asked), manifest


def _command(asked: dict[str, Any], stream: int, manifest: Any) -> int:
    """In the forked process: the command, as a process that was started for it would do it."""
    try:
        os.dup2(stream, 1)
        os.dup2(stream, 2)
        os.close(stream)
        code = main([*asked["words"], "--vars", asked["variables"]], manifest=manifest)
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        traceback.print_exc()
        return 1
    return code


def _end_with_our_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(*END_WITH_US)


@functools.cache
def _dbt() -> Any:
    """Its command line, imported, with its parts replaced."""
    from dbt.cli import main as command_line

    _take_no_options_from_the_environment(getattr(command_line, "cli", None))
    for replace in (_name_macros_at_once, _word_no_event_that_nobody_reads, keep_what_jinja_compiles):
        with contextlib.suppress(ImportError):  # of another version of dbt, which then does as it always has
            replace()
    gc.freeze()
    gc.set_threshold(OBJECTS, *gc.get_threshold()[1:])
    return command_line


def _take_no_options_from_the_environment(command: Any) -> None:
    """Of another project's DBT_EMPTY or DBT_EXCLUDE_RESOURCE_TYPES a build must know nothing: it would make empty marts
    of all noes, or leave its tests out, and end well.
    """
    for option in getattr(command, "params", ()):
        option.envvar = None
    for part in getattr(command, "commands", {}).values():
        _take_no_options_from_the_environment(part)


def _name_macros_at_once() -> None:
    """dbt makes a context for each node twice, and one for each call of its adapter. In each stand some 800 macros: dbt
    makes their objects one by one, looks for each name in five places, and copies the context for each call of a macro:
    a third of a build. Here by whole dictionaries, and a macro is made once of a context; what they say is the same.
    """
    from dbt.clients.jinja import MacroGenerator
    from dbt.context.macros import MacroNamespace, MacroNamespaceBuilder

    class Namespace(MacroNamespace):
        def __init__(self, *spaces: dict[str, Any]) -> None:
            super().__init__(*spaces)
            self.flat: dict[str, Any] = {}
            for space in reversed(list(self._search_order())):
                self.flat |= space

        def keys(self) -> Any:
            return self.flat.keys()

        def __getitem__(self, key: str) -> Any:
            return self.flat[key]

    class Macro(MacroGenerator):
        made: Any = None  # what Jinja makes of it in this context,
        made_of: tuple[Any, ...] = ()  # and what else a context is given, of a model that is built in batches

        def get_macro(self) -> Any:
            context = self.context or {}
            given = tuple(context.get(name) for name in ("model", "sql", "compiled_code"))
            if len(given) != len(self.made_of) or any(a is not b for a, b in zip(given, self.made_of, strict=True)):
                self.made, self.made_of = super().get_macro(), given
            return self.made

    def build(self: Any, macros_by_package: dict[str, dict[str, Any]], context: dict[str, Any]) -> Namespace:
        def callable_of(macro: Any) -> Any:
            made = Macro.__new__(Macro)
            made.__dict__ = {"context": context, "macro": macro, "node": self.node, "stack": self.thread_ctx}
            return made

        spaces = {
            package: {name: callable_of(macro) for name, macro in macros.items()}
            for package, macros in macros_by_package.items()
        }
        internal: dict[str, Any] = {}
        for package in reversed(self.internal_package_names_order):
            internal |= spaces.get(package, {})
        others = {name: space for name, space in spaces.items() if name not in self.internal_package_names}
        local = others.get(self.search_package, {})
        root = others.get(self.root_package, {}) if self.root_package != self.search_package else {}
        return Namespace(root, local, internal, others)

    builder: Any = MacroNamespaceBuilder
    builder.build_namespace = build


def _word_no_event_that_nobody_reads() -> None:
    """dbt tells each statement and each connection to its callback, which writes none of these."""
    from dbt_common.events.base_types import EventLevel
    from dbt_common.events.event_manager import EventManager

    manager: Any = EventManager
    fire = manager.fire_event

    def fire_event(self: Any, event: Any, level: Any = None, *more: Any, **named: Any) -> None:
        if (level or event.level_tag()) not in (EventLevel.DEBUG, EventLevel.TEST):
            fire(self, event, level, *more, **named)

    manager.fire_event = fire_event


@functools.cache
def keep_what_jinja_compiles() -> None:
    """dbt has each text compiled anew, though it gives the same code in every environment of one kind: half of them
    were compiled before, as the one line of each kind of test.
    """
    import jinja2

    compiled: dict[tuple[type, str], Any] = {}
    kind: Any = jinja2.Environment
    compile_anew = kind.compile

    def compile_once(self: Any, source: Any, *more: Any, **named: Any) -> Any:
        if more or named or not isinstance(source, str):
            return compile_anew(self, source, *more, **named)
        key = (type(self), source)
        if key not in compiled:
            compiled[key] = compile_anew(self, source)
        return compiled[key]

    kind.compile = compile_once


def _option(words: Sequence[str], name: str) -> Path:
    return Path(words[words.index(name) + 1])


def _writer(folder: Path, told: threading.Event) -> Callable[[Any], None]:
    """What writes an event: to standard output as JSON, for core/building/dbt_words.py, and as a text into dbt.log.

    told   is set with the first error
    """
    from dbt_common.events.functions import msg_to_json
    from dbt_common.exceptions import env_secrets, scrub_secrets

    folder.mkdir(parents=True, exist_ok=True)
    log = logging.getLogger("fairlead.dbt")
    log.propagate = False
    log.setLevel(logging.INFO)
    log.handlers = [RotatingFileHandler(folder / "dbt.log", "a", LOG_BYTES, LOGS, "utf-8")]
    secrets = env_secrets()

    def write(event: Any) -> None:
        if event.info.level not in LEVELS:
            return
        print(scrub_secrets(msg_to_json(event), secrets), flush=True)
        log.info(scrub_secrets(_as_text(event), secrets))
        if event.info.level == "error":
            told.set()

    return write


def _as_text(event: Any) -> str:
    at = datetime.fromtimestamp(event.info.ts.seconds, UTC)
    return (
        f"{at:%Y-%m-%d %H:%M:%S} [{event.info.level:<5}] [{threading.current_thread().name:<10.10}]: {event.info.msg}"
    )


def variables() -> str:
    """dbt's own, through standard input: an argument of a process holds 128 KB, some 450 extra columns. Nothing, or a
    part without its last brace, comes of a parent that died, and is no YAML.
    """
    return sys.stdin.read() or sys.exit("no variables")


if __name__ == "__main__":
    sys.exit(serve(int(sys.argv[2])) if sys.argv[1] == SERVE else main([*sys.argv[1:], "--vars", variables()]))
