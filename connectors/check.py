"""For `fairlead doctor`: every source file reads, and each source that is on can be reached; nothing is pulled."""

from pathlib import Path
from typing import Any

from connectors.kinds.database import DIALECTS, Database
from connectors.places import Place, mend_of, place_of
from connectors.source import Source
from connectors.source_files import find_sources
from core.settings import Settings


def check(settings: Settings) -> list[dict[str, Any]]:
    """[{check, ok, detail, mend}]: one for all source files, one for each source."""
    sources = find_sources(settings)
    checks: list[dict[str, Any]] = [{"check": "source files", "ok": True, "detail": f"{len(sources)} read", "mend": ""}]
    return checks + [_reachable(settings, source, place_of(settings, source)) for source in sources.values()]


def _reachable(settings: Settings, source: Source, place: Place) -> dict[str, Any]:
    name = f"source {source.name}"
    if not place.is_on:
        detail = f"switched off. {mend_of(settings, source)}"
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
        "detail": "; ".join([*(faults or ["within reach"]), *late_notes]),
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
