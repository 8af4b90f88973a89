"""A push's turns in the warehouse: short ones, and none that is waited for longer than until somebody wants an end."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from core.errors import RetryableError
from core.settings import Settings
from core.warehouse import Warehouse, connect

ASKED_SECONDS = 2.0  # how long one try waits for the other process, before it is looked whether an end is wanted
_turn = threading.RLock()  # one thread of this process in the warehouse at a time: DuckDB shares one file among them


@contextmanager
def turn(settings: Settings, stopped: Callable[[], str] = lambda: "") -> Iterator[Warehouse]:
    """The warehouse, open to write to `activation`. Raises RetryableError where another process has it for too long."""
    with _turn, ExitStack() as stack:
        yield _entered(stack, settings, stopped)


def _entered(stack: ExitStack, settings: Settings, stopped: Callable[[], str]) -> Warehouse:
    patience = settings.warehouse.lock_wait_seconds
    if settings.warehouse.engine != "duckdb" or patience <= ASKED_SECONDS:  # a server is there or is not, at once
        return stack.enter_context(connect(settings, writer="activation"))
    short = settings.model_copy(
        update={"warehouse": settings.warehouse.model_copy(update={"lock_wait_seconds": ASKED_SECONDS})}
    )
    end = time.monotonic() + patience
    while True:
        try:
            return stack.enter_context(connect(short, writer="activation"))
        except RetryableError as error:
            if stopped():
                raise RetryableError(
                    f"{stopped()}, and the warehouse could not be had to write it down: {error}"
                ) from None
            if time.monotonic() >= end:
                raise RetryableError(f"{error} It was asked again and again for {patience:.0f} s.") from None
