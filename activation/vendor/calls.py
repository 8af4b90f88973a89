"""What channels share that need several calls for one batch."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from activation.channel import MaybeSent, NotSent
from core.errors import FatalError

MOST_PAGES = 10_000  # of lists, segments, messages of one person: no account has so many

T = TypeVar("T")


@contextmanager
def after_the_first() -> Iterator[None]:
    """Round every call but a batch's first: what surely did nothing itself comes after one that did something."""
    try:
        yield
    except NotSent as error:
        raise MaybeSent(str(error.args[0]), error.retry_after_seconds, code=error.code) from None


@dataclass
class Pages:
    """The pages of one answer, each of which comes once: a vendor's list that goes round must not hold up a night."""

    what: str  # as the error is to call it
    visited_places: set[str] = field(default_factory=set)

    def turn(self, place: object) -> None:
        """place   tells this page from every other: its cursor, or its content. Raises FatalError on a second visit."""
        if str(place) in self.visited_places or len(self.visited_places) >= MOST_PAGES:
            raise FatalError(f"{self.what}: the pages do not end: one comes again.", code="FL120")
        self.visited_places.add(str(place))


def pieces(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items in runs of at most `size`, in order."""
    for at in range(0, len(items), size):
        yield items[at : at + size]
