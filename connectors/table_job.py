"""One table of one pull, from its making to its landing; what goes wrong with it is its own."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb

from connectors.enrichment import note_answers, planned
from connectors.landing.days import undate
from connectors.landing.tables import REFUSED, Landing, drop_leftovers, ensure_table, instant_of_pull
from connectors.late_files import late_file_warnings, late_request, read_words
from connectors.reading import Reading, Request
from connectors.source import Source
from connectors.spool import Spool
from connectors.table import in_our_words, land, read_to_disk, remembered
from core.errors import FairleadError
from core.run_log import step
from core.settings import Settings
from core.warehouse import Warehouse, connect, hold


def no_rows() -> dict[str, int]:
    return dict.fromkeys(("rows_in", "rows_landed", "rows_rejected", "rows_unchanged"), 0)


def make_table(
    db: Warehouse, settings: Settings, source: Source, name: str, holds_a_no: bool, is_anew: bool = False
) -> None:
    for suffix in ("", REFUSED):  # of every table: it may come to feed consents when its refused rows are gone
        ensure_table(db, source, name, suffix, is_anew)
    if holds_a_no:
        undate(db, settings, f"{source.name}__{name}")


@dataclass
class TableJob:
    """One table of one pull, and what has come of it so far."""

    source: Source
    request: Request
    end_reason: Callable[[], str]
    result: dict[str, Any] = field(default_factory=dict)
    reading: Reading | None = None
    error: FairleadError | None = None
    seconds: float = 0.0
    missing: list[tuple[str, ...]] | None = field(default_factory=list)  # keys of rows we never got; None: too many
    is_done: bool = False

    def __post_init__(self) -> None:
        self.result = self.result or {"source": self.source.name, "table": self.request.name, **no_rows()}

    def make_ready(self, db: Warehouse) -> None:
        """A table that does not fit its declaration any more is its own fault, told when it is to land."""
        try:
            with in_our_words(self.request.where, lambda: "", self.end_reason):
                request = self.request
                make_table(db, request.settings, self.source, request.name, request.holds_a_no, request.is_anew)
        except FairleadError as error:
            self.error = error

    def plan(self, db: Warehouse) -> None:
        """What earlier pulls left, and of an enrichment source what is asked for tonight."""
        self.request = remembered(db, self.request)
        if self.source.enrichment and self.error is None:
            self.request, self.result["enrichment"] = planned(db, self.source.enrichment, self.request)

    def read(self, disk: Spool) -> None:
        if self.error is not None:
            return
        start = time.monotonic()
        try:
            with in_our_words(self.request.where, lambda: "", self.end_reason):
                self.reading = read_to_disk(self.request, disk)
        except FairleadError as error:
            self.error = error
        self.seconds += time.monotonic() - start

    def land(self) -> None:
        """Its row in ops.runs, its rows in raw; an error is the table's own and stands in its result."""
        start, self.is_done = time.monotonic(), True
        request, counts_before = self.request, dict(self.result)
        try:
            with (
                in_our_words(request.where, lambda: "", self.end_reason),
                step(request.settings, f"pull.{request.source}.{request.name}", request.day, self.seconds) as log,
                in_our_words(request.where, lambda: "", self.end_reason),
            ):
                try:
                    if self.error is not None:
                        raise self.error
                    self._land()
                finally:
                    counts = (f"rows_{count}" for count in ("in", "landed", "rejected"))
                    log.rows_in, log.rows_out, log.rows_rejected = (self.result[c] - counts_before[c] for c in counts)
                    log.detail = {k: v for k, v in self.result.items() if k not in ("source", "table")}
        except FairleadError as error:
            self.fail(error)
        self.seconds += time.monotonic() - start
        self.result["seconds"] = round(self.seconds, 3)

    def fail(self, error: FairleadError) -> None:
        self.is_done = True
        self.result |= {"error": str(error), "error_kind": type(error).__name__, "seconds": round(self.seconds, 3)}

    def _land(self) -> None:
        with alone(self.request.settings) as db:
            if not self.request.is_slow:
                self.request = remembered(db, self.request)
            at = instant_of_pull(db, self.source.name, self.request.name)
            landing = Landing(db, self.source, self.request.name, at)
            with _swept(landing):
                self.missing = land(self.request, landing, self.reading, self.result)
                note_answers(db, self.request)

    def late_job(self) -> "TableJob":
        """The rows that we never got, although the source has them: by their keys, or all of the table."""
        request = replace(self.request, late_keys=tuple(self.missing or ()))
        self.result["rows_late"] = len(self.missing) if self.missing else "many"
        return replace(self, request=request, reading=None, missing=[], result=self.result)

    def late_files_job(self) -> "TableJob | None":
        """The files of earlier days that came late, where a no may be in them; of others they are told."""
        if self.error is not None or "error" in self.result:
            return None
        try:
            with in_our_words(self.request.where, lambda: "", self.end_reason):
                request = late_request(self.request)
                told = [read_words(request)] if request else late_file_warnings(self.request)
        except FairleadError as error:
            self.fail(error)
            return None
        self.result.setdefault("warnings", []).extend(told)
        return replace(self, request=request, reading=None, missing=[], result=self.result) if request else None


@contextmanager
def _swept(landing: Landing) -> Iterator[None]:
    """Nothing of before lies in the way, and nothing is left."""
    in_file = landing.scratch == "raw"  # temporary tables of a killed run went with its connection
    if in_file:
        drop_leftovers(landing.db)
    try:
        yield
    finally:
        with suppress(FairleadError, duckdb.Error):  # a killed or broken engine cannot sweep; the next start does
            drop_leftovers(landing.db) if in_file else landing.db.drop_temporaries()


@contextmanager
def alone(settings: Settings) -> Iterator[Warehouse]:
    """The warehouse, to land in: one pull at a time also where the engine lets many in.

    First the warehouse and then the lock, as all who land do: two who took them crosswise would wait for each other.
    """
    with connect(settings, writer="raw") as db, hold(settings, "pull", settings.warehouse.lock_wait_seconds):
        yield db
