"""A push's turns in the warehouse: short ones, and none that is waited for longer than until somebody wants an end."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from core.settings import Settings
from core.warehouse import Warehouse, connect

_turn = threading.RLock()  # one thread of this process in the warehouse at a time: DuckDB shares one file among them


@contextmanager
def turn(settings: Settings, stopped: Callable[[], str] = lambda: "") -> Iterator[Warehouse]:
    """The warehouse, open to write to `activation`. Raises RetryableError where another process has it for too long."""
    with _turn, connect(settings, writer="activation", stopped=stopped) as db:
        yield db
