"""One table on its way in: what earlier pulls left, reading, contract, landing; and every error in our words."""

import errno
import importlib
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import duckdb

from connectors import contract
from connectors.landing import addresses, anew, arrival, classify, days, declared, marks, refused, write
from connectors.landing.lateness import late_row_warnings
from connectors.landing.rivals import rival_warnings
from connectors.landing.tables import PLACES, Landing, came_on
from connectors.landing.twins import fill_twins
from connectors.patience import attended
from connectors.reading import Reading, Request
from connectors.spool import Spool
from connectors.values.projection import declared_fields
from core.errors import FairleadError, FatalError, RetryableError, StoppedError
from core.warehouse import Warehouse

FULL = {errno.ENOSPC, errno.EDQUOT}
BEYOND = timedelta(days=2)  # no zone is further from another
MOST_FETCHED_KEYS = 1000  # late rows fetched key by key; more, and the table is read whole


def remembered(db: Warehouse, request: Request) -> Request:
    """Add what earlier pulls left: each file's fingerprint, or the high-water mark before the first day asked for.

    A pull for a day that had not begun says nothing of this one: its files are read again, and their rows take the
    earlier day.
    """
    pulls = db.query(
        "select file, fingerprint, day, pulled_at from raw.pulls"
        " where source = $1 and table_name = $2 order by day, pulled_at",
        [request.source, request.name],
    ).to_pylist()
    earlier_marks = [
        (r["fingerprint"], r["day"])
        for r in pulls
        if r["file"] == "" and r["day"] < request.first_day and r["fingerprint"] is not None
    ]
    declared = {name for name, _ in declared_fields(request.table)} | {name for name, _ in PLACES}
    undeclared = frozenset(db.columns(f"raw.{request.source}__{request.name}")) - declared
    begun_pulls = [r for r in pulls if r["day"] <= request.day or r["day"] <= came_on(request.settings, r["pulled_at"])]
    return replace(
        request,
        fingerprints={r["file"]: r["fingerprint"] for r in begun_pulls},
        pulled_days={r["file"]: r["day"] for r in begun_pulls},
        raw_columns=undeclared,
        since=marks.believable(request, *earlier_marks[-1]) if earlier_marks and not request.is_anew else None,
    )


def read_to_disk(request: Request, spool: Spool) -> Reading:
    """All of the table from its network or database, into files, while nobody holds the warehouse."""

    def work() -> Reading:
        reading: Reading | None = None
        with in_our_words(request.where, lambda: reading.at if reading else ""):
            reading = _read(request)
            return spool.keep(reading)

    return attended(request.settings, request.patience, work)


def _read(request: Request) -> Reading:
    """A database's rows are asked for beyond the day where all are read anew: by another declaration some lie there."""
    if request.is_anew and request.table.kind == "sql":
        request = replace(request, day=request.day + BEYOND)
    kind: Any = importlib.import_module(f"connectors.kinds.{request.table.kind}")
    reading: Reading = kind.read(request)
    return reading


def land(
    request: Request, landing: Landing, reading: Reading | None, result: dict[str, Any]
) -> list[tuple[str, ...]] | None:
    """Type, judge and land one reading (None: read it now), all or nothing; `result` says what came of the rows.

    Returns the keys of rows that the source has and we never got: a list, or None where there are too many.
    """
    current = reading
    with in_our_words(request.where, lambda: current.at if current else ""):
        current = reading or _read(request)
        return _land(request, landing, current, result)


def _land(request: Request, landing: Landing, reading: Reading, result: dict[str, Any]) -> list[tuple[str, ...]] | None:
    db, table = landing.db, request.table
    with arrival.unpacked(landing):
        rows_in, extras = arrival.load(request, landing, reading, result)
        rows_in -= arrival.drop_rows_ahead(request, landing)
    addresses.read_addresses(landing, request)
    result["rows_in"] += rows_in
    faults = contract.row_faults(landing) if rows_in else []
    rejected = classify.collect_faults(landing, faults)
    result["rows_rejected"] += rejected
    if request.is_anew:
        return _land_anew(request, landing, reading, extras, result)
    counts = classify.classify(landing)
    if rows_in != counts.landed + counts.rejected + counts.unchanged or counts.rejected != rejected:
        raise FatalError(f"{landing.raw}: {rows_in} rows came in, but {counts} came of them. Nothing was kept.")
    _refuse_if_too_many(request, landing, counts, result)
    with_keys = arrival.load_keys(request, landing, reading, result)
    since = refused.not_before(landing, request)
    rivals = rival_warnings(landing) if rows_in else []
    with db.transaction():
        if moved_rows := write.take_earlier_days(landing, request.settings):
            result["rows_moved_to_an_earlier_day"] = result.get("rows_moved_to_an_earlier_day", 0) + moved_rows
        write.land(landing, extras, counts, since)
        if rejected:
            refused.keep_rejects(landing)
        refused.keep_refused(landing, extras, True, since, request.settings)
        addresses.keep_each_address(landing, request, extras, since)
        if with_keys:
            result["rows_deleted"] = write.bury(landing, request.day)
        dated_rows = days.date_rows(landing, request) if days.is_dated(request) else 0
        write.book(landing, reading, request.day, marks.high_water(landing, request))
        declared.keep(landing, is_read_anew=False)
    result["rows_landed"] += counts.landed
    result["rows_unchanged"] += counts.unchanged
    warnings = [
        *days.report(landing, request, dated_rows, result),
        *late_row_warnings(landing, request),
        *_date_warnings(request, reading, since),
        *rivals,
        *refused.lost_warnings(landing, request),
        *reading.warnings,
        *declared.notice(db, request.source, request.name, table),
    ]
    if request.late_files is not None:
        warnings = [*result.get("warnings", []), *warnings]
    result["warnings"] = warnings + contract.warnings_of(db, request.settings, landing.raw, table, request.day)
    result["detected"] = reading.detected
    return _never_landed(request, landing) if with_keys and request.since and request.late_keys is None else []


def _land_anew(
    request: Request, landing: Landing, reading: Reading, extras: list[str], result: dict[str, Any]
) -> list[tuple[str, ...]]:
    """All rows that were ever read, by the declaration of now; nothing changes where too many would be refused."""
    _refuse_if_most_would_be(request, landing)
    with_keys = arrival.load_keys(request, landing, reading, result)
    since = refused.not_before(landing, request)
    outcome, counts = anew.compare(landing, request, reading, since)
    with landing.db.transaction():
        outcome = anew.replace(landing, extras, outcome)
        fill_twins(landing, request.settings.project.default_country)
        write.land(landing, extras, counts, None)
        refused.keep_rejects(landing)
        refused.keep_refused(landing, extras, True, None, request.settings)
        addresses.keep_each_address(landing, request, extras, None)
        anew.restore_places(landing)
        if with_keys:
            result["rows_deleted"] = write.bury(landing, request.day)
        if days.is_dated(request):
            result["rows_dated"] = days.date_anew(landing, request)
        write.book(landing, reading, request.day, marks.high_water(landing, request))
        declared.keep(landing, is_read_anew=True)
    result["rows_landed"] += counts.landed
    result["rows_unchanged"] += counts.unchanged
    result["read_anew"] = anew.as_counts(outcome)
    result["warnings"], result["detected"] = [*anew.words(outcome), *reading.warnings], reading.detected
    return []


def _refuse_if_most_would_be(request: Request, landing: Landing) -> None:
    share, worst_day = classify.worst_share(landing)
    if share > _most_share(request):
        raise FatalError(
            f"{landing.raw}: {share:.1%} of the rows of {worst_day} would be refused, {_most_share(request):.1%} may "
            "be."
            f" Nothing was changed. Reasons: {_reasons(landing)}."
        )


def _date_warnings(request: Request, reading: Reading, since: date | None) -> list[str]:
    """A file written anew, pulled for a day before its last one: perhaps a slip, and its new rows would be too old."""
    dated = f"{since}, for they were not there then" if since else f"{request.day}, as if they had been known since"
    newest = {
        file: request.pulled_days[file]
        for file in reading.files
        if request.pulled_days.get(file, request.day) > request.day
    }
    return [
        f"{file} was pulled for {day} before: its new rows are dated {dated}. Was --day {request.day} meant?"
        for file, day in list(newest.items())[:3]
    ]


def _never_landed(request: Request, landing: Landing) -> list[tuple[str, ...]] | None:
    """Keys that the snapshot lists by the end of the day, without a living row in raw; None where too many are."""
    keys = request.table.key
    rows = write.never_landed(landing, arrival.DUE, MOST_FETCHED_KEYS)
    comparable = all(request.table.columns[k].type in ("text", "integer") for k in keys)
    if len(rows) > MOST_FETCHED_KEYS or (rows and not comparable):
        return None
    return [tuple(row[k] for k in keys) for row in rows]


def _refuse_if_too_many(request: Request, landing: Landing, counts: classify.Counts, result: dict[str, Any]) -> None:
    """Above the share nothing of the day lands; the refused rows are kept, so that one can see why."""
    most_share = _most_share(request)
    share, worst_day = classify.worst_share(landing)
    if counts.rejected and share > most_share and request.late_keys is None:
        with landing.db.transaction():
            refused.keep_rejects(landing)
            since = refused.not_before(landing, request)
            refused.keep_refused(landing, [], False, since, request.settings)
        result["rows_held_back"] = counts.landed
        raise FatalError(
            f"{landing.raw}: {share:.1%} of the rows of {worst_day} are refused, {most_share:.1%} may be. Nothing was "
            f"landed. Reasons: {_reasons(landing)}. "
            f"See `fairlead query \"select * from raw.rejects where source = '{request.source}'\"`."
        )


def _most_share(request: Request) -> float:
    source_settings = request.settings.sources.get(request.source)
    if source_settings and source_settings.max_reject_share is not None:
        return source_settings.max_reject_share
    return request.table.max_reject_share


def _reasons(landing: Landing) -> str:
    reason_counts = landing.db.query(
        f"select column_name, reason, count(*) as n from {landing.part('bad')}"
        " group by 1, 2 order by 3 desc, 1, 2 limit 3"
    )
    return "; ".join(f"{r['column_name'] or 'line'}: {r['reason']} ({r['n']})" for r in reason_counts.to_pylist())


@contextmanager
def in_our_words(where: str, at: Callable[[], str], end_reason: Callable[[], str] = lambda: "") -> Iterator[None]:
    """Whatever goes wrong is an error of ours that says where: what a source sends never ends a command.

    where   the source's table
    at      the file or the page being read
    ended   whether the end was asked for: an engine that is interrupted raises an error of its own
    """
    try:
        yield
    except FairleadError:
        raise
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # also a driver's panic, which is past Exception
        if end_reason():
            raise StoppedError(f"{end_reason()}.") from None
        raise _as_ours(error, f"{where}{': ' if at() else ''}{_printable(at())}") from error


def _as_ours(error: BaseException, where: str) -> FairleadError:
    if isinstance(error, duckdb.OutOfMemoryException | MemoryError):
        return FatalError(f"{where}: the memory is full. Free some or raise warehouse.memory_limit, and pull again.")
    if isinstance(error, duckdb.IOException) or (isinstance(error, OSError) and error.errno in FULL):
        return FatalError(f"{where}: the warehouse stopped: {_line(error)} Free disk or memory and pull again.")
    if isinstance(error, OSError):
        return RetryableError(
            f"{where}: cannot be read: {type(error).__name__}: {error.strerror or 'no reason given'}."
        )
    steps = traceback.extract_tb(error.__traceback__)
    step = f" in {steps[-1].name}" if steps else ""
    return FatalError(
        f"{where}: it holds something that cannot be read ({type(error).__name__}{step}). Nothing of the table was "
        "kept."
    )


def _line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _printable(text: str) -> str:
    """A file's name may be no text at all."""
    return text.encode("utf-8", "replace").decode()
