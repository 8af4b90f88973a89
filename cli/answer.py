"""How a command answers: a table for people or, with --json, exactly one JSON object on standard output.

Exit 0 done; 1 a step failed; 2 the command's words or a file are wrong; 3 (collect) a vendor's job is still under way;
4 (push) the syncs that were named are all off.
"""

import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from datetime import date
from io import TextIOWrapper
from typing import Any, TextIO

import typer
from rich.console import Console

from cli.shown.layout import Result, visible
from core import clock
from core.answers import to_json
from core.errors import ConfigError
from core.home import guard, is_empty
from core.project.arrival import finish, unfinished
from core.project.files import projects
from core.settings import Settings, debug, load_settings
from core.unexpected import as_ours, message

PAGE_WIDTH = 140  # of a log or a file; a terminal says its own


def answer(
    work: Callable[[Settings], Result],
    as_json: bool,
    show: Callable[[Console, Result], None],
    day: date | None = None,
    later: str | None = None,
    *,
    private: bool = True,
    reads: bool = False,
) -> None:
    """Do the work, print the result in the form that was asked for, and exit with its code.

    day       the day it is done for, which must have begun · later  why one that has not is meant
    private   what is written is the owner's alone; a project's own files are for all who work on it
    reads     it writes nothing, so it makes no home where there is none
    """
    out: TextIO | None = sys.stdout
    try:
        with contextlib.redirect_stdout(sys.stderr):  # libraries that chatter must not spoil the one object
            result = work(_settings(day, later, private, reads))
        code = result.pop("exit_code", 0 if result.get("ok", True) else 1)
    except Exception as error:
        result, code = _failure(error)
        show = _show_error
    is_out = _written(out, to_json(result) + "\n" if as_json else lambda console: show(console, result))
    raise typer.Exit(code if is_out else code or 1)


def _written(out: TextIO | None, content: str | Callable[[Console], None]) -> bool:
    """Whether the answer could be given; what was done stands. JSON is UTF-8 whatever the terminal's letters are, and a
    sign that these lack is a question mark on a page.
    """
    if out is None:  # somebody has closed it, and wants no answer
        return True
    if isinstance(out, TextIOWrapper):
        out.reconfigure(encoding="utf-8" if isinstance(content, str) else out.encoding, errors="replace")
    try:
        if isinstance(content, str):
            out.write(content)
        else:
            content(Console(file=out, highlight=False, width=None if out.isatty() else PAGE_WIDTH))
        out.flush()
    except BrokenPipeError:  # a reader that has read enough
        raise
    except OSError as error:
        with contextlib.suppress(OSError):  # Python writes what is left once more at its end
            os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
        typer.echo(f"The command has ended, and its answer could not be written: {error.strerror}.", err=True)
        return False
    return True


def _show_error(_: Console, result: Result) -> None:
    """An error is for standard error, whatever the page of the command."""
    Console(stderr=True, soft_wrap=True, highlight=False, markup=False).print(visible(result["error"]))


def _settings(day: date | None, later: str | None, private: bool, reads: bool = False) -> Settings:
    """The settings, once the home is guarded and the day is one that may be worked on."""
    settings = load_settings()
    if private and not (reads and is_empty(settings.home)):
        guard(settings.home, *projects(settings))
    for line in unfinished(settings) if private else finish(settings):
        typer.echo(line)
    if day is not None:
        check_day(settings, day, later)
    return settings


def _failure(error: Exception) -> tuple[Result, int]:
    """The object and the exit code of an error."""
    ours = as_ours(error)
    if ours is None and debug():
        traceback.print_exc()
    result = {"ok": False, "error": message(error), "kind": type(ours or error).__name__}
    return result, 2 if isinstance(ours, ConfigError) else 1


def parse_day(text: str | date) -> date:
    """A date from the command line; a default is one already."""
    try:
        return text if isinstance(text, date) else date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a date. Write YYYY-MM-DD.") from None


def check_day(settings: Settings, day: date, later: str | None) -> None:
    """Refuse a day that has not begun; one that is insisted on has its row in ops.runs, with the reason."""
    from core.run_log import step

    today = clock.today(settings)
    clock.refuse_later_day(settings, day, later)
    if day > today:
        with step(settings, "future_day", day) as log:
            log.detail = {"reason": later, "today": today.isoformat()}


@contextlib.contextmanager
def stop_signals() -> Iterator[Callable[[], str]]:
    """Yields a function that says why to stop, or "". SIGINT and SIGTERM ask for an end; a second SIGINT cuts off.

    What is under way gets its answer, the rest stays for the next run.
    """
    reasons: list[str] = []

    def stop(number: int, _: Any) -> None:
        if reasons and number == signal.SIGINT:
            raise KeyboardInterrupt
        reasons.append(f"FL111 cancelled: {signal.Signals(number).name}")

    handlers = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: reasons[0] if reasons else ""
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def progress_bars() -> Iterator[Callable[[str, int, int], None]]:
    """Yields a function of (sync, done, of): a bar for each sync, on a terminal only."""
    from rich.progress import Progress, TaskID

    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bars:
        tasks: dict[str, TaskID] = {}

        def show(sync: str, count: int, total: int) -> None:
            if sync not in tasks:
                tasks[sync] = bars.add_task(sync, total=total)
            bars.update(tasks[sync], completed=count)

        yield show
