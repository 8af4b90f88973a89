"""A driver at work in its own code hears neither a signal nor a clock: it works in a thread beside the one that waits
for it.
"""

import math
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from core.errors import RetryableError

T = TypeVar("T")
LOOK_SECONDS = 0.2  # how often we look at the clock, and ask again for the end
END_TRIES = 25  # an end that is asked for before a statement has begun is not heard
CANCEL_SECONDS = 1.0  # a server that answers takes an end in milliseconds; of one that is silent nothing is to be had
STOP_SECONDS = 10.0  # how long a statement may still work once somebody wants an end


def nobody_asks() -> str:
    """Why an end is wanted, where nobody may want one."""
    return ""


@dataclass
class DriverCalls:
    """The calls of one connection.

    One that did not end when it was told to is left behind, and the connection with it.
    """

    stopped: Callable[[], str] = nobody_asks
    is_left: bool = False  # the driver is still in a call: the connection may neither be used nor be closed

    def call(
        self,
        work: Callable[[], T],
        cancel: Callable[[], None] | None = None,
        seconds: float = math.inf,
        late: Callable[[], Exception] = lambda: RetryableError("The warehouse does not answer. Run the step again."),
    ) -> T:
        """What `work` gives, or its error. A signal's own error comes at once, `late()` after `seconds`; both end the
        work.

        cancel   asks the driver for the end, None where it hears nothing; may itself wait for a silent server
        """
        if self.is_left:
            raise RetryableError("This connection to the warehouse was given up. Run the step again.")
        job = _Job(work)
        try:
            threading.Thread(target=job.run, daemon=True).start()
            self._wait(job, seconds, late)
        except BaseException:
            self._end(job, cancel)
            raise
        if job.error is not None:
            raise job.error
        return job.value

    def _wait(self, job: "_Job", seconds: float, late: Callable[[], Exception]) -> None:
        started, stop_asked_at = time.monotonic(), math.inf
        while not job.finish.wait(min(LOOK_SECONDS, seconds)):
            now = time.monotonic()
            if now - started >= seconds:
                raise late()
            reason = self.stopped()
            stop_asked_at = min(stop_asked_at, now) if reason else math.inf
            if now - stop_asked_at >= STOP_SECONDS:
                raise RetryableError(f"{reason}, and the warehouse did not answer for {STOP_SECONDS:g} s.")

    def _end(self, job: "_Job", cancel: Callable[[], None] | None) -> None:
        asking, asked_at = None, 0.0
        try:
            for _ in range(END_TRIES if cancel else 0):
                if job.finish.is_set():
                    return
                if asking is None or not asking.is_alive():
                    asking, asked_at = _beside(cancel), time.monotonic()
                job.finish.wait(LOOK_SECONDS)
                if asking.is_alive() and time.monotonic() - asked_at > CANCEL_SECONDS:
                    return
        finally:
            self.is_left = self.is_left or not job.finish.is_set()


@dataclass
class _Job:
    work: Callable[[], Any]
    value: Any = None
    error: BaseException | None = None
    finish: threading.Event = field(
        default_factory=threading.Event
    )  # a thread whose join a signal breaks off looks dead

    def run(self) -> None:
        try:
            self.value = self.work()
        except BaseException as error:  # raised again where somebody waits
            self.error = error
        finally:
            self.finish.set()


def _beside(cancel: Callable[[], None] | None) -> threading.Thread:
    def ask() -> None:
        with suppress(Exception):  # what has ended meanwhile cannot be ended
            if cancel:
                cancel()

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    return thread
