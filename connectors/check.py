"""For `fairlead doctor`: every source file reads, and each source that is on can be reached; nothing is pulled."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from connectors.kinds.database import DIALECTS, Database
from connectors.landing.declared import notice
from connectors.late_files import late_file_warnings
from connectors.places import Place, mend_of, place_of
from connectors.reading import Request
from connectors.source import Source
from connectors.source_files import find_sources
from connectors.table import remembered
from core.clock import today
from core.errors import ConfigError, FairleadError
from core.extras.columns import extras
from core.settings import Settings
from core.warehouse import Warehouse, connect


def check(settings: Settings) -> list[dict[str, Any]]:
    """[{check, ok, detail, mend}]: one for all source files, one for each source."""
    sources = find_sources(settings)
    checks: list[dict[str, Any]] = [{"check": "source files", "ok": True, "detail": f"{len(sources)} read", "mend": ""}]
    checks += [_extras(settings)] if any(source.extra or source.events for source in sources.values()) else []
    notices = _notices(settings, sources)
    return checks + [
        _reachable(settings, source, place_of(settings, source), notices[n]) for n, source in sources.items()
    ]


def _extras(settings: Settings) -> dict[str, Any]:
    """Whether extra columns and own events can be had, which one file alone does not show."""
    try:
        columns = extras(settings)["catalogue"]
    except ConfigError as error:
        mend = "Correct the source file at the line named."
        return {"check": "extra columns", "ok": False, "detail": " ".join(error.mistakes), "mend": mend}
    return {"check": "extra columns", "ok": True, "detail": f"{len(columns)} columns of marts", "mend": ""}


def _notices(settings: Settings, sources: dict[str, Source]) -> dict[str, list[str]]:
    """What of each source is declared otherwise than when its rows were read."""
    notices: dict[str, list[str]] = {name: [] for name in sources}
    with suppress(FairleadError), connect(settings) as db:  # a warehouse that does not open is told by its own check
        for name, source in sources.items():
            notices[name] = [
                f"{t}: {line}"
                for t, table in source.tables.items()
                for line in [*notice(db, name, t, table), *_late_files(db, settings, source, t)]
            ]
    return notices


def _late_files(db: Warehouse, settings: Settings, source: Source, name: str) -> list[str]:
    """Files of earlier days that no pull has read as they are; of a remote place the pull alone tells."""
    place, day = place_of(settings, source), today(settings)
    request = Request(settings, source.name, name, source.tables[name], place, day, day)
    if not place.is_on or request.is_slow or not db.exists("raw.pulls"):
        return []
    with suppress(FairleadError):  # what cannot be reached is told by its own check
        return late_file_warnings(remembered(db, request))
    return []


def _reachable(settings: Settings, source: Source, place: Place, notices: list[str]) -> dict[str, Any]:
    name = f"source {source.name}"
    if not place.is_on:
        detail = "; ".join([f"switched off. {mend_of(settings, source)}", *notices])
        return {"check": name, "ok": True, "detail": detail, "mend": ""}
    kinds = {table.kind for table in source.tables.values()}
    faults = [
        f for f in (_path(place.path) if "files" in kinds else "", _database(place.url) if "sql" in kinds else "") if f
    ]
    late_notes = [
        f"{table_name} has a cursor and no late_days: declare how late a row may be committed"
        for table_name, table in source.tables.items()
        if table.forgets_late_rows
    ]
    mend = f"Check [sources.{source.name}] in fairlead.toml and that the other side is up."
    return {
        "check": name,
        "ok": not faults,
        "detail": "; ".join([*(faults or ["within reach"]), *late_notes, *notices]),
        "mend": mend if faults else "",
    }


def _path(path: str) -> str:
    """What is wrong with it, or nothing; a remote URL is left to the pull."""
    return "" if "://" in path or Path(path).exists() else "its path does not exist"


def _database(url: str) -> str:
    from sqlalchemy import text
    from sqlalchemy.exc import SQLAlchemyError

    system = url.split("://")[0]
    if system not in DIALECTS:
        return f"{system or 'no url'} is none of {', '.join(sorted(DIALECTS))}"
    if system == "sqlite":
        return _path(url.removeprefix("sqlite:///"))
    engine = Database(url, system).engine()
    try:
        with engine.connect() as connection:
            connection.execute(text("select 1"))
        return ""
    except SQLAlchemyError as error:
        return f"the database does not answer ({type(error).__name__})"
    finally:
        engine.dispose()
