"""What is asked of a kind of source, and what it gives: the protocol that every module in kinds/ follows."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal, Protocol

import pyarrow as pa

from connectors.patience import Patience
from connectors.places import Place
from connectors.source import Table
from core.errors import FatalError
from core.identifiers import mask
from core.settings import Settings

MOST_NEW_COLUMNS = 100  # in one pull; a header with more is data, and would become columns without end
NO_LINE = 0  # of what an API could not be asked: it is no row of an answer, and counts in no share of them
# Before and from here on an instant is none: 0000-00-00, -infinity, infinity, 9999-12-31 for ever.
NO_CLOCK = (datetime(1970, 1, 2), datetime(9999, 1, 1))


@dataclass(frozen=True)
class Request:
    """What a kind needs to know to read one table."""

    settings: Settings
    source: str
    name: str
    table: Table
    place: Place
    first_day: date
    day: date
    since: str | None = None  # the high-water mark of the last pull before first_day
    fingerprints: dict[str, str] = field(default_factory=dict)  # file -> fingerprint of its last pull
    pulled_days: dict[str, date] = field(default_factory=dict)  # file -> the newest day for which it was pulled
    raw_columns: frozenset[str] = frozenset()  # the columns that raw has
    late_keys: tuple[tuple[str, ...], ...] | None = None  # sql: the rows of these keys, as texts; empty: all rows
    late_files: tuple[date, ...] | None = None  # files of one day: these days' alone, which came late or have changed
    patience: Patience = field(default_factory=Patience)
    is_anew: bool = False  # all rows that were ever read, whatever was pulled before, for another declaration of them
    holds_a_no: bool = False  # it feeds consents or messages: whom it does not name would be reached
    looking: bool = False  # at what nobody has declared yet
    tables: Mapping[str, Table] = field(default_factory=dict)  # of the source
    values: tuple[str, ...] = ()  # http, for_each.ask: what is asked for tonight
    shared: dict[str, Any] = field(default_factory=dict)  # what one table of a pull has learnt for the source's others

    @property
    def where(self) -> str:
        return f"{self.source}.{self.name}"

    @property
    def is_slow(self) -> bool:
        """Whether reading it may wait for others: for a network, or for a database's lock."""
        return self.table.kind != "files" or "://" in self.place.path.removeprefix("file://")

    @property
    def end(self) -> datetime:
        """The first moment behind the day, as the cursor has it: a date's midnight, else an instant in UTC."""
        if self.table.cursor and self.table.columns[self.table.cursor].type == "date":
            return datetime.combine(self.day + timedelta(days=1), datetime.min.time())
        return self.settings.end_of_day(self.day)

    def refuse_strangers(self, names: Iterable[str]) -> None:
        """Look at a header before the rows are.

        Raises FatalError where most of it is data: each would become a column.
        """
        if not self.table.lands_undeclared:
            return
        free = {c.source or n for n, c in self.table.columns.items()}
        strangers = []
        for name in names:  # a declared one that stands again is no declared column
            free.discard(name) if name in free else strangers.append(name)
        if len(strangers) > MOST_NEW_COLUMNS + len(self.raw_columns):
            raise FatalError(
                f"{len(strangers)} undeclared columns, such as {short(strangers[0])}: is the first line a header, are "
                f"keys data? At most {MOST_NEW_COLUMNS} may be new. Nothing was kept."
            )


@dataclass
class Reading:
    """One table being read. The lists fill while `batches` is drawn; look at them afterwards.

    Every batch has the source's columns as c0, c1, … and `_origin, _line, _day, _error, _raw`. `_error` says why a line
    could not be taken apart; its columns are then NULL and `_raw` holds its text. `form` json: c0 is one JSON object a
    row, and the header names the top-level keys that occur.
    """

    batches: Iterator["Batch"]
    files: dict[str, tuple[str | None, date]] = field(default_factory=dict)  # file -> (fingerprint, day)
    detected: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    unasked: list[tuple[str, str]] = field(default_factory=list)  # http: (why, what) of parents that no path can hold
    keys: Iterator[pa.RecordBatch] | None = None  # deletes: snapshot; key columns as text
    at: str = ""  # the file, or the page, that is being read: for errors


@dataclass(frozen=True)
class Batch:
    header: tuple[str, ...]
    data: pa.RecordBatch
    form: Literal["columns", "json"] = "columns"


class Kind(Protocol):
    """A module in connectors/kinds/. It reads; it never writes, judges or retries a table."""

    def read(self, request: Request) -> Reading: ...


def short(name: str) -> str:
    """A header's word, as a message may hold it: what stands in a header may be anything, somebody's name too."""
    return mask(name) or "''"
