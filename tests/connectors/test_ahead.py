"""What is made ahead: the same items, the same errors, and nothing more once nobody reads."""

import threading
import time
from collections.abc import Iterator

import pytest

from connectors.ahead import MOST_AHEAD, Shared, ahead


def test_items_come_in_their_order_and_from_another_thread() -> None:
    makers: set[int] = set()

    def numbers() -> Iterator[int]:
        for number in range(1000):
            makers.add(threading.get_ident())
            yield number

    with ahead(numbers()) as items:
        assert list(items) == list(range(1000))
    assert len(makers) == 1 and makers != {threading.get_ident()}


def test_an_error_is_raised_where_the_items_are_read_behind_those_that_were_made() -> None:
    def broken() -> Iterator[int]:
        yield from (1, 2)
        raise ValueError("broken")

    seen = []
    with pytest.raises(ValueError, match="broken"), ahead(broken()) as items:
        seen += [next(items), next(items)]
        next(items)
    assert seen == [1, 2]


def test_nothing_is_made_once_nobody_reads_and_what_makes_it_is_closed() -> None:
    made, closed = [], threading.Event()

    def endless() -> Iterator[int]:
        try:
            while True:
                made.append(len(made))
                yield made[-1]
        finally:
            closed.set()

    with ahead(endless()) as items:
        assert next(items) == 0
        time.sleep(0.1)  # however long nobody reads
    assert closed.is_set()
    assert len(made) <= MOST_AHEAD + 3  # taken, waiting, in the hand


def test_what_several_share_comes_once_each() -> None:
    shared = Shared(iter(range(1000)))
    with ahead(*((number * 2 for number in shared) for _ in range(3))) as items:
        assert sorted(items) == list(range(0, 2000, 2))


def test_an_error_of_what_is_shared_ends_all_who_share_it() -> None:
    def broken() -> Iterator[int]:
        yield from range(10)
        raise ValueError("broken")

    shared = Shared(broken())
    with pytest.raises(ValueError, match="broken"), ahead(iter(shared), iter(shared)) as items:
        list(items)
