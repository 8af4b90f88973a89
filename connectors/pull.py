"""The one loop: every source's tables into raw, contracts checked at the door, and not a row unaccounted for."""

import importlib
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from typing import Any

import duckdb

from connectors import arrival, contract, landing
from connectors.landing import Landing
from connectors.source import Place, Request, Source, find_sources, place_of
from core.errors import ConfigError, FairleadError, FatalError
from core.run_log import StepLog, step
from core.settings import Settings
from core.warehouse import Warehouse, connect


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
    with arrival.unpacked(db):
        rows_in, extras = arrival.load(request, to, reading, result)
    result["rows_in"] = rows_in
    faults = contract.row_faults(db, to.incoming, contract.suite_of(table)) if rows_in else []
    result["rows_rejected"] = landing.collect_faults(to, faults)
    counts = landing.classify(to)
    if rows_in != counts.landed + counts.rejected + counts.unchanged or counts.rejected != result["rows_rejected"]:
        raise FatalError(f"{to.raw}: {rows_in} rows came in, but {counts} came of them. Nothing was kept.")
    _refuse_if_too_many(request, to, counts, result)
    gone = arrival.load_keys(request, to, reading, result)
    with db.transaction():
        if moved := landing.take_earlier_days(to):
            result["rows_moved_to_an_earlier_day"] = moved
        landing.land(to, extras, counts)
        landing.keep_rejects(to)
        if gone:
            result["rows_deleted"] = landing.bury(to, request.day)
        landing.book(to, reading, request.day, _high_water(to, request))
    result |= {"rows_landed": counts.landed, "rows_unchanged": counts.unchanged}
    result["warnings"] = reading.warnings + contract.warnings_of(db, request.settings, to.raw, table, request.day)
    result["detected"] = reading.detected


def _remembering(db: Warehouse, request: Request) -> Request:
    """Add what earlier pulls left: each file's fingerprint, or the high-water mark before the first day asked for.

    A pull for a later day says nothing of this one: its files are read again, and their rows take the earlier day.
    """
    past = db.query(
        "select file, fingerprint, day from raw.pulls where source = $1 and table_name = $2 order by day, pulled_at",
        [request.source, request.name],
    ).to_pylist()
    seen = {row["file"]: row["fingerprint"] for row in past if row["day"] <= request.day}
    marks = [
        r["fingerprint"]
        for r in past
        if r["file"] == "" and r["day"] < request.first_day and r["fingerprint"] is not None
    ]
    return Request(request.settings, request.source, request.name, request.table, request.place, request.first_day, request.day,
                   since=marks[-1] if marks else None, seen=seen)  # fmt: skip


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
