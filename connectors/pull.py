"""The one loop: every source's tables into raw, contracts checked at the door, and not a row unaccounted for."""

import importlib
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from itertools import groupby
from typing import Any, TypeVar

import duckdb
import pyarrow as pa

from connectors import contract, landing
from connectors.landing import Landing
from connectors.projection import Shape, declared_fields, project
from connectors.source import SQL_WORDS, Batch, Place, Reading, Request, Source, Table, find_sources, place_of
from core.errors import ConfigError, FairleadError, FatalError
from core.run_log import StepLog, step
from core.settings import Settings
from core.warehouse import Warehouse, connect

T = TypeVar("T")
MOST_NEW_COLUMNS = 100  # in one pull; a header with more is data, and would become columns without end


def pull(
    settings: Settings,
    day: date,
    sources: list[str] | None = None,
    first_day: date | None = None,
    feedback_only: bool = False,
) -> dict[str, Any]:
    """Bring in every source (or those named) for `day`, or for all days from `first_day` on.

    A source that fails does not stop the others; `ok` is then false and its entry holds `error`. Pulling again changes nothing.
    Raises ConfigError for a name that does not exist, a source that is switched off, or a file with mistakes.
    """
    if first_day and first_day > day:
        raise ConfigError(f"--from {first_day} is after --to {day}.")
    chosen, off = _choose(settings, sources)
    chosen = [(source, place) for source, place in chosen if source.feedback or not feedback_only]
    # The warehouse is kept open: giving it back between twenty tables costs more than they do.
    with _told_by_us(), connect(settings, writer="raw"):
        ensure(settings)
        results = [
            _pull_safely(settings, source, name, place, first_day or day, day)
            for source, place in chosen
            for name in source.tables
        ]
    return {
        "day": day.isoformat(),
        "first_day": (first_day or day).isoformat(),
        "ok": all("error" not in r for r in results),
        "sources": results,
        "off": off,
    }


def ensure(settings: Settings) -> None:
    """Every declared table of every source exists, typed, so that every staging model builds; leftovers are swept away."""
    found = find_sources(settings)
    with connect(settings, writer="raw") as db:
        _alone(db)
        landing.clean(db)
        landing.ensure_ledgers(db)
        for source in found.values():
            for name in source.tables:
                landing.ensure_table(db, source, name)


def _choose(settings: Settings, names: list[str] | None) -> tuple[list[tuple[Source, Place]], list[dict[str, str]]]:
    found = find_sources(settings)
    unknown = [n for n in names or () if n not in found]
    if unknown:
        raise ConfigError(f"No source {', '.join(unknown)}. Sources: {', '.join(found)}. Add connectors/sources/{unknown[0]}.yml, "
                          f"or `fairlead new source {unknown[0]} --from PATH`.")  # fmt: skip
    chosen, off = [], []
    for name in names or found:
        place = place_of(settings, found[name])
        if place.on:
            chosen.append((found[name], place))
            continue
        mend = f"Set path or url under [sources.{name}] in fairlead.toml, or FAIRLEAD_SOURCES__{name.upper()}__PATH."
        if names:
            raise ConfigError(f"Source {name} is switched off: nothing says where its data lies. {mend}")
        off.append({"source": name, "mend": mend})
    return chosen, off


def _pull_safely(
    settings: Settings, source: Source, name: str, place: Place, first_day: date, day: date
) -> dict[str, Any]:
    began = time.monotonic()
    result: dict[str, Any] = {
        "source": source.name,
        "table": name,
        "rows_in": 0,
        "rows_landed": 0,
        "rows_rejected": 0,
        "rows_unchanged": 0,
    }
    try:
        with _told_by_us(), step(settings, f"pull.{source.name}.{name}", day) as log:
            request = Request(settings, source.name, name, source.tables[name], place, first_day, day)
            _pull_table(request, source, result, log)
    except FairleadError as error:
        result |= {"error": str(error), "error_kind": type(error).__name__}
    return {**result, "seconds": round(time.monotonic() - began, 3)}


@contextmanager
def _unpacked(db: Warehouse) -> Iterator[None]:
    """What stays for a minute is not worth compressing: that took most of the time of loading."""
    if db.engine_name != "duckdb":
        yield
        return
    db.execute("set force_compression = 'uncompressed'")
    try:
        yield
    finally:
        db.execute("set force_compression = 'auto'")


@contextmanager
def _told_by_us() -> Iterator[None]:
    """What the engine says when the disk or the memory is full, in one line and with the mend."""
    try:
        yield
    except duckdb.Error as error:
        raise FatalError(
            f"The warehouse stopped: {str(error).splitlines()[0]} Free disk or memory and pull again."
        ) from error


def _pull_table(request: Request, source: Source, result: dict[str, Any], log: StepLog) -> None:
    with connect(request.settings, writer="raw") as db:
        _alone(db)
        landing.clean(db)
        to = Landing(db, source, request.name, landing.now())
        try:
            _read_and_land(request, to, result, log)
        finally:
            log.rows_in, log.rows_out, log.rows_rejected = (
                result["rows_in"],
                result["rows_landed"],
                result["rows_rejected"],
            )
            log.detail = {k: v for k, v in result.items() if k not in ("source", "table")}
            with suppress(FairleadError, duckdb.Error):  # a killed or broken engine cannot sweep; the next start does
                landing.clean(db)


def _read_and_land(request: Request, to: Landing, result: dict[str, Any], log: StepLog) -> None:
    db, table = to.db, request.table
    request = _remembering(db, request)
    reading = importlib.import_module(f"connectors.kinds.{table.kind}").read(request)
    with _unpacked(db):
        rows_in, extras = _load(request, to, reading, result)
    result["rows_in"] = rows_in
    faults = contract.row_faults(db, to.incoming, contract.suite_of(table)) if rows_in else []
    result["rows_rejected"] = landing.collect_faults(to, faults)
    counts = landing.classify(to)
    if rows_in != counts.landed + counts.rejected + counts.unchanged or counts.rejected != result["rows_rejected"]:
        raise FatalError(f"{to.raw}: {rows_in} rows came in, but {counts} came of them. Nothing was kept.")
    _refuse_if_too_many(request, to, counts, result)
    gone = _load_keys(request, to, reading, result)
    with db.transaction():
        landing.land(to, extras, counts)
        landing.keep_rejects(to)
        if gone:
            result["rows_deleted"] = landing.bury(to, request.day)
        landing.book(to, reading, request.day, _high_water(to, request))
    result |= {"rows_landed": counts.landed, "rows_unchanged": counts.unchanged}
    result["warnings"] = reading.warnings + contract.warnings_of(db, request.settings, to.raw, table, request.day)
    result["detected"] = reading.detected


def _remembering(db: Warehouse, request: Request) -> Request:
    """Add what earlier pulls left: each file's fingerprint, or the high-water mark before the first day asked for."""
    past = db.query(
        "select file, fingerprint, day from raw.pulls where source = $1 and table_name = $2 order by pulled_at",
        [request.source, request.name],
    ).to_pylist()
    seen = {row["file"]: row["fingerprint"] for row in past}
    marks = [
        r["fingerprint"]
        for r in past
        if r["file"] == "" and r["day"] < request.first_day and r["fingerprint"] is not None
    ]
    return Request(request.settings, request.source, request.name, request.table, request.place, request.first_day, request.day,
                   since=marks[-1] if marks else None, seen=seen)  # fmt: skip


def _load(request: Request, to: Landing, reading: Reading, result: dict[str, Any]) -> tuple[int, list[str]]:
    """Stream everything into the incoming table; the rows read and the undeclared columns among them."""
    caught, counted, missing = _Caught(), 0, set()
    there = to.db.columns(f"raw.{to.raw}")
    extras: dict[str, str] = {}
    incoming = f"raw.{to.incoming}"
    to.db.load(incoming, Shape(request.table, {}).schema().empty_table(), mode="create")

    def count(batches: Iterator[Batch]) -> Iterator[Batch]:
        nonlocal counted
        for batch in batches:
            counted += batch.data.num_rows
            yield batch

    for (header, form, _), group in groupby(caught(reading.batches), lambda b: (b.header, b.form, b.data.schema)):
        declared = {c.source or n for n, c in request.table.columns.items()}
        if form == "columns":
            missing |= declared - set(header)
        mine = _extra_names(request.table, header if form == "json" else [h for h in header if h not in declared])
        for name in [n for n in mine if n not in extras]:
            landing.add_column(to.db, to.incoming, name)
        extras |= mine
        shape = Shape(request.table, mine)
        country = request.settings.project.default_country
        typed = project(count(group), request.source, shape, counted, country)
        caught.load(to.db, incoming, shape, typed)
    return counted, _report_columns(request.table, extras, missing, there, result)


def _report_columns(
    table: Table, extras: dict[str, str], missing: set[str], there: dict[str, str], result: dict[str, Any]
) -> list[str]:
    """Say which columns are new and which have vanished; the undeclared ones that can land."""
    unfit = [n for n in extras if n in there and there[n] not in landing.SAME_TYPE[pa.string()]]
    added = [n for n in extras if n not in there]
    if len(added) > MOST_NEW_COLUMNS:
        raise FatalError(
            f"{len(added)} undeclared columns, such as {added[0]}: is the first line a header? Nothing was kept."
        )
    result["columns_added"] = added
    result["columns_missing"] = sorted(missing)
    if unfit:
        result["columns_left_out"] = unfit
    return [n for n in extras if n not in unfit]


def _extra_names(table: Table, names: Any) -> dict[str, str]:
    """Raw names for undeclared columns: snake_case, clear of the declared ones and of ours."""
    taken = {n for n, _ in declared_fields(table)} | {n for n, _ in landing.PLACES} | SQL_WORDS
    out: dict[str, str] = {}
    for name in names:
        plain = re.sub(
            r"_+", "_", re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())
        ).strip("_")[:50]
        plain = plain if plain[:1].isalpha() else f"column_{plain}".rstrip("_")
        candidate, number = plain, 1
        while candidate in taken:
            number += 1
            candidate = f"{plain}_{number}"
        taken.add(candidate)
        out[candidate] = name
    return out


def _refuse_if_too_many(request: Request, to: Landing, counts: landing.Counts, result: dict[str, Any]) -> None:
    """Above the share nothing of the day lands; the refused rows are kept, so that one can see why."""
    ours = request.settings.sources.get(request.source)
    most = ours.max_reject_share if ours and ours.max_reject_share is not None else request.table.max_reject_share
    share, worst = landing.worst_share(to)
    if counts.rejected and share > most:
        with to.db.transaction():
            landing.keep_rejects(to)
        result["rows_held_back"] = counts.landed
        raise FatalError(
            f"{to.raw}: {share:.1%} of the rows of {worst} are refused, {most:.1%} may be. Nothing was landed. Reasons: {_reasons(to)}. "
            f"See `fairlead query \"select * from raw.rejects where source = '{request.source}'\"`."
        )


def _reasons(to: Landing) -> str:
    found = to.db.query(
        f"select column_name, reason, count(*) as n from {to.part('bad')} group by 1, 2 order by 3 desc, 1, 2 limit 3"
    )
    return "; ".join(f"{r['column_name'] or 'line'}: {r['reason']} ({r['n']})" for r in found.to_pylist())


def _load_keys(request: Request, to: Landing, reading: Reading, result: dict[str, Any]) -> bool:
    """The key snapshot into a table of its own; False where none is wanted, or where it is empty."""
    if reading.keys is None:
        return False
    table = request.table.model_copy(update={"columns": {k: request.table.columns[k] for k in request.table.key}})
    shape, caught, name = Shape(table, {}), _Caught(), to.part("keys").replace('"', "")
    header = tuple(request.table.columns[k].source or k for k in request.table.key)
    to.db.load(name, shape.schema().empty_table(), mode="create")
    batches = (Batch(header, b) for b in caught(reading.keys))
    first = next(batches, None)
    if first is None:
        reading.warnings.append("the source lists no keys at all: no row was marked as deleted")
        return False
    typed = project(_with_first(first, batches), request.source, shape, 0, request.settings.project.default_country)
    caught.load(to.db, name, shape, typed)
    return True


def _with_first(first: T, others: Iterator[T]) -> Iterator[T]:
    yield first
    yield from others


def _high_water(to: Landing, request: Request) -> str | None:
    """The largest cursor among the good rows, as text; the old mark when nothing came."""
    if not request.table.cursor:
        return None
    found = to.db.query(
        f'select max("{request.table.cursor}") as mark from raw."{to.incoming}" where _n not in (select _n from {to.part("bad")})'
    )["mark"][0].as_py()
    return (
        request.since
        if found is None
        else max(filter(None, (str(found), request.since)))
        if isinstance(found, str)
        else str(found)
    )


def _alone(db: Warehouse) -> None:
    """One pull at a time also where the engine lets many in; the lock goes with the connection."""
    if db.engine_name == "postgres":
        db.query("select pg_advisory_lock(4242001)")  # any number, the same for every pull


class _Caught:
    """Errors from inside an Arrow stream lose their type on the way through an engine; this brings them back."""

    def __init__(self) -> None:
        self.error: BaseException | None = None

    def __call__(self, items: Iterator[T]) -> Iterator[T]:
        try:
            yield from items
        except Exception as error:
            self.error = self.error or error
            raise

    def load(self, db: Warehouse, table: str, shape: Shape, typed: Iterator[pa.RecordBatch]) -> None:
        try:
            db.load(table, pa.RecordBatchReader.from_batches(shape.schema(), self(typed)))
        except Exception:
            if self.error is not None:
                raise self.error from None
            raise
