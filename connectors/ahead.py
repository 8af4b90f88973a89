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


class Shared(Iterator[T]):
    """Items that several threads take turns to ask for: each goes to one of them."""

    def __init__(self, items: Iterable[T]) -> None:
        self._items, self._turn = iter(items), threading.Lock()

    def __next__(self) -> T:
        with self._turn:
            return next(self._items)


@contextmanager
def ahead(*sources: Iterable[T]) -> Iterator[Iterator[T]]:
    """The items of all sources, each source's in its order and made by a thread of its own; its error is raised where
    they are read.

    At the end of the block nothing more is made, however far it was read.
    """
    waiting: queue.Queue[Any] = queue.Queue(MOST_AHEAD)
    ended = threading.Event()

    def put(item: Any) -> bool:
        while not ended.is_set():
            try:
                waiting.put(item, timeout=LOOK_SECONDS)
            except queue.Full:
                continue
            return True
        return False

    def make(source: Iterable[T]) -> None:
        made = iter(source)
        try:
            while (item := next(made, END)) is not END and put(item):
                pass
            put(END)
        except BaseException as error:  # also a driver's panic, which is past Exception
            put(_Failure(error))
        finally:
            if close := getattr(made, "close", None):
                close()

    makers = [
        threading.Thread(target=contextvars.copy_context().run, args=(make, source), daemon=True) for source in sources
    ]
    for maker in makers:
        maker.start()
    try:
        yield _taken(waiting, len(makers))
    finally:
        ended.set()
        for maker in makers:
            maker.join(END_SECONDS)


def _taken(waiting: "queue.Queue[Any]", makers: int) -> Iterator[Any]:
    while makers:
        item = waiting.get()
        if isinstance(item, _Failure):
            raise item.error
        if item is END:
            makers -= 1
        else:
            yield item
