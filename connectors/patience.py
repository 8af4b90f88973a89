"""Waiting for others, and never for ever: what reads from a network does so in a thread of its own, and we keep the
clock.

A driver that waits in its own code (a database's, a storage's) hears neither a signal nor a clock. So the main thread
waits for the thread that reads: it hears both, gives the reading up, and the process may end, for such a thread holds
nobody up.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from core.errors import RetryableError, StoppedError
from core.settings import Settings

T = TypeVar("T")
END_SECONDS = 2  # for the thread to end once its connections are cut; one that does not is left behind
LOOK_SECONDS = 0.2  # how often we look at the clock


@dataclass
class Patience:
    """Between one who reads and one who waits: signs of life one way, the word to give up the other."""

    given_up: threading.Event = field(default_factory=threading.Event)
    heard_at: float = field(default_factory=time.monotonic)
    helpers: list[Callable[[], None]] = field(
        default_factory=list
    )  # what ends the processes and connections that read for us

    def alive(self) -> None:
        """Something came. Raises StoppedError where nobody waits any more."""
        self.heard_at = time.monotonic()
        self.pause(0)

    def give_up(self) -> None:
        self.given_up.set()
        for end in self.helpers:
            end()

    def pause(self, seconds: float) -> None:
        """Sleep, unless somebody gives up: then StoppedError."""
        if self.given_up.wait(seconds) if seconds else self.given_up.is_set():
            raise StoppedError("the reading was given up.")
        self.heard_at = time.monotonic()


def attended(settings: Settings, patience: Patience, work: Callable[[], T]) -> T:
    """What `work` gives, or its error; RetryableError when it is silent, or takes, longer than the settings allow."""
    finish, outcome = threading.Event(), _Outcome()

    def run() -> None:
        try:
            outcome.value = work()
        except BaseException as error:  # also a driver's panic, which is past Exception: it is raised again below
            outcome.error = error
        finally:
            finish.set()

    start = patience.heard_at = time.monotonic()
    reader = threading.Thread(target=run, daemon=True)
    reader.start()
    try:
        while not finish.wait(LOOK_SECONDS):
            _look_at_the_clock(settings, start, patience.heard_at)
    except BaseException:
        patience.give_up()
        reader.join(END_SECONDS)
        raise
    if outcome.error is not None:
        raise outcome.error
    return outcome.value


class _Outcome:
    value: Any = None
    error: BaseException | None = None


def _look_at_the_clock(settings: Settings, start: float, heard_at: float) -> None:
    now, limits = time.monotonic(), settings.pull
    if now - heard_at > limits.silence_seconds:
        raise RetryableError(
            f"nothing came for {limits.silence_seconds:g} s (pull.silence_seconds). Is the other side locked or down?"
        )
    if now - start > limits.table_minutes * 60:
        raise RetryableError(f"not read to its end within {limits.table_minutes:g} minutes (pull.table_minutes).")


@contextmanager
def ended_by_signals() -> Iterator[Callable[[], str]]:
    """SIGTERM and Ctrl-C raise StoppedError, once, wherever the main thread is; a second Ctrl-C cuts off.

    Whatever is under way then waits or is a transaction, so nothing half-done stays. Yields what says whether, and by
    what, the end was asked for: an engine may turn the error into one of its own.
    """
    words: list[str] = []

    def stop(number: int, _: Any) -> None:
        if not words:
            words.append(f"ended by {signal.Signals(number).name}")
            raise StoppedError(words[0] + ".")
        if number == signal.SIGINT:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: words[0] if words else ""
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
