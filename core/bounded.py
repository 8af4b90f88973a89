"""An end for foreign code that cannot be asked to stop: a driver, a name's look-up, a server with a byte a second.

It runs in a thread of its own, which is left behind when its time is over.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from core.errors import FairleadError, RetryableError

SLICE_SECONDS = 0.1  # how often the waiting thread looks up
T = TypeVar("T")


class TooLateError(RetryableError):
    """A call that took longer than it may: it may have acted."""


@dataclass
class _Outcome(Generic[T]):
    value: list[T] = field(default_factory=list)
    error: BaseException | None = None
    finish: threading.Event = field(default_factory=threading.Event)

    def take(self, work: Callable[[], T]) -> None:
        try:
            self.value.append(work())
        except BaseException as error:  # handed on to the thread that waits
            self.error = error
        finally:
            self.finish.set()


def bounded(
    work: Callable[[], T],
    seconds: float,
    what: str,
    *,
    look_up: Callable[[], None] = lambda: None,
    too_late: type[FairleadError] = TooLateError,
) -> T:
    """The work's result or its exception. Raises `too_late` where it takes longer than `seconds`.

    what      who is waited for, as the error is to call it
    look_up   called ten times a second while we wait; what it raises ends the waiting
    """
    outcome: _Outcome[T] = _Outcome()
    # a daemon: it must not hold up our end
    threading.Thread(target=outcome.take, args=(work,), name=f"bounded.{what}", daemon=True).start()
    end = time.monotonic() + seconds
    while not outcome.finish.wait(min(SLICE_SECONDS, max(end - time.monotonic(), 0.0))):
        look_up()
        if time.monotonic() >= end:
            raise too_late(f"{what}: no end after {seconds:.0f} s", code="FL117")
    if outcome.error is not None:
        raise outcome.error
    return outcome.value[0]
