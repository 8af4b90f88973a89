"""What channels share that need several calls for one batch."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from activation.channel import MaybeSent, NotSent

T = TypeVar("T")


@contextmanager
def after_the_first() -> Iterator[None]:
    """Round every call but a batch's first: what surely did nothing itself comes after one that did something."""
    try:
        yield
    except MaybeSent:
        raise
    except NotSent as error:
        raise MaybeSent(str(error.args[0]), error.retry_after_seconds, code=error.code) from None


def pieces(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items in runs of at most `size`, in order."""
    for at in range(0, len(items), size):
        yield items[at : at + size]
