"""The one loop: every source's tables into raw, contracts checked at the door, and not a row unaccounted for.

Files that lie here are read while they land. Whatever waits for a network or a database is read to disk first, source
by source, and the warehouse is opened only to land it: other commands get in meanwhile.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from datetime import date
from itertools import groupby
from typing import Any

from connectors import spool
from connectors.enrichment import ensure_calls
from connectors.landing.respelt import ensure_respelt
from connectors.landing.tables import (
    HOLD_A_NO,
    drop_leftovers,
    ensure_ledgers,
    remember_feeds,
)
from connectors.places import Place, mend_of, place_of
from connectors.reading import Request
from connectors.source import Source
from connectors.source_files import find_sources, readable_sources, source_paths
from connectors.spool import Spool
from connectors.table import in_our_words
from connectors.table_job import TableJob, alone, make_table, no_rows
from core.build import raw_tables_of
from core.errors import ConfigError, FairleadError, StoppedError
from core.project.files import placed, shown
from core.settings import Settings
from core.warehouse import connect, hold


def pull(
    settings: Settings,
    day: date,
    sources: list[str] | None = None,
    first_day: date | None = None,
    feedback_only: bool = False,
    end_reason: Callable[[], str] = lambda: "",
) -> dict[str, Any]:
    """Bring in every source (or those named) for `day`, or for all days from `first_day` on.

    A source that fails, or whose file or settings hold a mistake, does not stop the others; `ok` is then false and its
    entry holds `error`. Pulling again changes nothing. `end_reason` says why an end is wanted: then nothing more is
    begun, and the answer holds `stopped`. Raises ConfigError for a name that does not exist, or a source that is
    switched off.
    """
    if first_day and first_day > day:
        raise ConfigError(f"--from {first_day} is after --to {day}.")
    places, switched_off, mistakes = choose(settings, sources)
    if feedback_only:
        places = [(source, place) for source, place in places if source.feedback]
    requests = _requests(settings, places, first_day or day, day)
    return carry_out(settings, day, first_day or day, requests, end_reason, mistakes, switched_off)


def carry_out(
    settings: Settings,
    day: date,
    first_day: date,
    requests: Iterable[tuple[Source, Request]],
    end_reason: Callable[[], str],
    mistakes: dict[str, Sequence[str]],
    switched_off: list[dict[str, str]],
) -> dict[str, Any]:
    """The answer of a pull that does these requests, beside what could not be begun."""
    jobs = [TableJob(source, request, end_reason) for source, request in requests]
    with in_our_words("pull", lambda: "", end_reason), spool.opened(settings.home) as disk:
        _in_order(settings, jobs, disk, end_reason)
    answer = {
        "day": day.isoformat(),
        "first_day": first_day.isoformat(),
        "ok": not end_reason() and not mistakes and all("error" not in job.result for job in jobs),
        "sources": [job.result for job in jobs if job.is_done] + [_unread(*fault) for fault in mistakes.items()],
        "off": switched_off,
    }
    return answer | ({"stopped": f"{end_reason()}: what is not listed was not begun"} if end_reason() else {})


def _requests(
    settings: Settings, places: list[tuple[Source, Place]], first_day: date, day: date
) -> Iterator[tuple[Source, Request]]:
    """One a table of each source."""
    consent_tables = may_hold_a_no(settings)
    for source, place in places:
        shared: dict[str, Any] = {}
        for name, table in source.tables.items():
            feeds = f"{source.name}__{name}" in consent_tables
            yield source, Request(
                settings, source.name, name, table, place, first_day, day, holds_a_no=feeds, tables=source.tables,
                shared=shared,
            )  # fmt: skip


def ensure(settings: Settings) -> None:
    """Every declared table of every source exists, typed, so that staging models build; leftovers are swept away."""
    sources = find_sources(settings)
    with alone(settings) as db:
        drop_leftovers(db)
        ensure_ledgers(db)
        ensure_calls(db)
        ensure_respelt(db)
        consent_tables = may_hold_a_no(settings)
        remember_feeds(db, consent_tables)
        for source in sources.values():
            for name in source.tables:
                make_table(db, settings, source, name, f"{source.name}__{name}" in consent_tables)


def may_hold_a_no(settings: Settings) -> set[str]:
    """The raw tables that feed consents or messages."""
    return {table for entity in HOLD_A_NO for table in raw_tables_of(settings, entity)}


def choose(
    settings: Settings, names: list[str] | None
) -> tuple[list[tuple[Source, Place]], list[dict[str, str]], dict[str, Sequence[str]]]:
    """The sources to pull and their places, those that are switched off, and the mistakes of those that cannot be."""
    known = source_paths(settings)
    unknown = [n for n in names or () if n not in known]
    if unknown:
        folder = shown(settings, placed(settings, "connectors/sources"))
        raise ConfigError(
            f"No source {', '.join(unknown)}. Sources: {', '.join(known)}. "
            f"Add {folder}/{unknown[0]}.yml, or `fairlead new source {unknown[0]} --from PATH`."
        )
    declared, of_files = readable_sources(settings, names)
    sections = {n: s.mistakes for n, s in settings.sources.items() if s.mistakes and n in (names or {n})}
    mistakes: dict[str, Sequence[str]] = {**sections, **of_files}
    places, switched_off = [], []
    for name in [n for n in names or declared if n not in mistakes]:
        place = place_of(settings, declared[name])
        if place.is_on:
            places.append((declared[name], place))
            continue
        mend = mend_of(settings, declared[name])
        if names:
            raise ConfigError(f"Source {name} is switched off. {mend}")
        switched_off.append({"source": name, "mend": mend})
    return places, switched_off, mistakes


def _unread(source: str, mistakes: Sequence[str]) -> dict[str, Any]:
    """The entry of a source of which nothing could be begun: its tables are not known."""
    return {"source": source, "table": "", **no_rows(), "error": " ".join(mistakes), "error_kind": "ConfigError"}


def _in_order(settings: Settings, jobs: list[TableJob], disk: Spool, end_reason: Callable[[], str]) -> None:
    """First the files that lie here, in one opening of the warehouse; then, source by source, what waits for others."""
    local_jobs = [job for job in jobs if not job.request.is_slow]
    remote_groups = [
        list(group) for _, group in groupby((j for j in jobs if j.request.is_slow), lambda j: j.source.name)
    ]
    with connect(settings, writer="raw"):
        with alone(settings) as db:
            drop_leftovers(db)
            ensure_ledgers(db)
            for job in jobs:
                job.make_ready(db)
        _land_all(settings, local_jobs)
        _land_all(settings, [late for job in local_jobs if job.is_done and (late := job.late_files_job())])
    for group in remote_groups:
        if end_reason():
            return
        try:
            # of two pulls of one source, the later one must not land what it read earlier
            with (
                in_our_words(group[0].source.name, lambda: "", end_reason),
                hold(settings, f"pull.{group[0].source.name}", settings.warehouse.lock_wait_seconds),
            ):
                _from_afar(settings, group, disk)
        except FairleadError as error:
            for job in group:
                if not job.is_done:
                    job.fail(error)


def _from_afar(settings: Settings, group: list[TableJob], disk: Spool) -> None:
    with connect(settings, writer="raw") as db:
        for job in group:
            job.plan(db)
    for job in group:
        job.read(disk)
        if isinstance(job.error, StoppedError):
            raise job.error
    _land_all(settings, group)
    late_jobs = [job.late_job() for job in group if job.missing != []]
    late_jobs += [late for job in group if job.is_done and (late := job.late_files_job())]
    for job in late_jobs:
        job.read(disk)
    _land_all(settings, late_jobs)


def _land_all(settings: Settings, jobs: list[TableJob]) -> None:
    """One opening for all: giving the warehouse back between twenty tables costs more than they do."""
    with connect(settings, writer="raw") if jobs else nullcontext():
        for job in jobs:
            if job.end_reason():
                return
            job.land()
