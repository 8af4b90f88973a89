"""How long anything is waited for: an end that somebody wants is seen within seconds, wherever the code waits.

A thread works under a Patience; what it calls (http.py, channels, pace, backoff) asks it. Foreign code that cannot
ask (a driver, a name's look-up, a server that sends a byte a second) runs in `bounded`: in a thread of its own that
is left behind when its time is over, and that can begin nothing new from then on.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from activation.channel import MaybeSent, NotSent
from core.bounded import SLICE_SECONDS
from core.bounded import bounded as wait_for

GRACE_SECONDS = 5.0  # what is under way when an end is wanted has so long to get its answer
T = TypeVar("T")


class Stopped(NotSent):
    """Somebody wants an end (cancel, Ctrl-C, SIGTERM), and nothing was begun any more."""

    def __init__(self, why: str) -> None:
        """why   in the words of the one who wants it"""
        super().__init__(why, code="FL111")


class TooLate(MaybeSent):
    """A call that took longer than it may, or than the grace after an end was wanted: it may have acted."""


@dataclass
class Patience:
    """stopped   why an end is wanted, '' while nobody wants one; given_up: this call's thread was left behind"""

    stopped: Callable[[], str] = lambda: ""
    within: "Patience | None" = None  # of the call that this one is a part of
    given_up: bool = False
    _since: float | None = None

    def left_behind(self) -> bool:
        return self.given_up or (self.within is not None and self.within.left_behind())

    def over(self) -> bool:
        """Whether an end has been wanted for longer than the grace, or nobody waits for this thread any more."""
        if self.left_behind():
            return True
        if not self.stopped():
            return False
        self._since = self._since if self._since is not None else time.monotonic()
        return time.monotonic() - self._since > GRACE_SECONDS


_thread_state = threading.local()


def current() -> Patience:
    """The patience of this thread; endless where none was given."""
    patience: Patience | None = getattr(_thread_state, "patience", None)
    return patience or Patience()


@contextmanager
def under(patience: Patience) -> Iterator[Patience]:
    """What this thread does until the block ends is done under this patience."""
    before = getattr(_thread_state, "patience", None)
    _thread_state.patience = patience
    try:
        yield patience
    finally:
        _thread_state.patience = before


def check() -> None:
    """Before something is begun that need not be. Raises Stopped."""
    if why := current().stopped():
        raise Stopped(why)


def check_left_behind() -> None:
    """Before each further step of a call. Raises Stopped where nobody waits for it any more: it must not act."""
    if current().left_behind():
        raise Stopped("the call was given up")


def pause(seconds: float) -> None:
    """Sleep, but no longer than until somebody wants an end."""
    patience, end = current(), time.monotonic() + seconds
    while (remaining_seconds := end - time.monotonic()) > 0 and not patience.stopped():
        time.sleep(min(SLICE_SECONDS, remaining_seconds))


def bounded(work: Callable[[], T], seconds: float, what: str) -> T:
    """The work's result or its exception. Raises TooLate where it takes longer than `seconds`, or than the grace.

    what   who is waited for, as the error is to call it
    """
    outer = current()
    inner = Patience(outer.stopped, outer)
    completion = threading.Event()

    def run() -> T:
        try:
            with under(inner):
                return work()
        finally:
            completion.set()

    def look_up() -> None:
        if outer.over():
            raise TooLate(f"{what}: no answer {GRACE_SECONDS:.0f} s after an end was wanted", code="FL117")

    try:
        return wait_for(run, seconds, what, look_up=look_up, too_late=TooLate)
    finally:  # a second Ctrl-C leaves it behind as well
        inner.given_up = not completion.is_set()
