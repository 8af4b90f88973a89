"""What is read, or typed, a little before it is asked for: so both cores are at work."""

import contextvars
import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")
MOST_AHEAD = 2  # batches that wait; what they hold is bounded where they are made
LOOK_SECONDS = 0.2  # how often a full queue asks whether anybody still wants what comes
END_SECONDS = 5  # for the thread to end its batch; one that does not is left behind, as `patience` does
END = object()


class _Failure:
    def __init__(self, error: BaseException) -> None:
        self.error = error


@contextmanager
def ahead(items: Iterable[T], most: int = MOST_AHEAD) -> Iterator[Iterator[T]]:
    """The same items in the same order, made by a thread of their own; its error is raised where they are read.

    At the end of the block nothing more is made, however far it was read.
    """
    waiting: queue.Queue[Any] = queue.Queue(most)
    ended = threading.Event()

    def put(item: Any) -> bool:
        while not ended.is_set():
            try:
                waiting.put(item, timeout=LOOK_SECONDS)
            except queue.Full:
                continue
            return True
        return False

    def make() -> None:
        made = iter(items)
        try:
            while (item := next(made, END)) is not END and put(item):
                pass
            put(END)
        except BaseException as error:  # also a driver's panic, which is past Exception
            put(_Failure(error))
        finally:
            if close := getattr(made, "close", None):
                close()

    maker = threading.Thread(target=contextvars.copy_context().run, args=(make,), daemon=True)
    maker.start()
    try:
        yield _taken(waiting)
    finally:
        ended.set()
        maker.join(END_SECONDS)


def _taken(waiting: "queue.Queue[Any]") -> Iterator[Any]:
    while (item := waiting.get()) is not END:
        if isinstance(item, _Failure):
            raise item.error
        yield item
