"""`fairlead doctor`: is this installation fit for tonight, and if not, what to do."""

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from core.clock import now, today
from core.errors import FairleadError
from core.home import close
from core.project.strays import counts, strays
from core.settings import Settings
from core.unexpected import message
from core.warehouse import Warehouse, connect
from insight import feature_gaps
from insight.ahead import ahead
from insight.governance import checks as governance

Check = dict[str, Any]
LEAST_FREE_BYTES = 2 * 1024**3  # a night spills, swaps tables and writes outboxes: below this it may end half-way
SLACK_MINUTES = 5  # two hosts of one warehouse may differ by seconds, never by so much
NEEDED = ("duckdb", "dbt-core", "dbt-duckdb", "apache-airflow", "lightgbm", "great_expectations", "pyarrow")


def check(settings: Settings, rooms: Mapping[str, Callable[[Settings], list[Check]]]) -> dict[str, Any]:
    """{ok, checks: [{check, ok, detail, mend}]}; `rooms` adds what each room knows to check of its own."""
    checks = [
        _python(),
        *_packages(),
        _settings(settings),
        _home(settings),
        _private(settings),
        _disk(settings),
        *_warehouse(settings),
    ]
    own: dict[str, Callable[[Settings], list[Check]]] = {
        "clock": lambda s: [_clock(s)],
        "days": lambda s: [_days(s)],
        "feature days": feature_gaps.check,
        "company folder": _folder,
        "governance": governance.check,
    }
    for name, look in {**own, **rooms}.items():
        try:
            checks += look(settings)
        except Exception as error:  # the other rooms are looked into all the same
            checks.append(fault(name, message(error), "Mend the file at the line named."))
    return {"ok": all(c["ok"] for c in checks), "checks": checks}


def fine(name: str, detail: str) -> Check:
    return {"check": name, "ok": True, "detail": detail, "mend": ""}


def fault(name: str, detail: str, mend: str) -> Check:
    return {"check": name, "ok": False, "detail": detail, "mend": mend}


def _python() -> Check:
    installed = ".".join(map(str, sys.version_info[:3]))
    return (
        fine("python", installed)
        if sys.version_info >= (3, 11)
        else fault("python", installed, "Install Python 3.11 or newer.")
    )


def _packages() -> list[Check]:
    checks = []
    for name in NEEDED:
        try:
            checks.append(fine(name, version(name)))
        except PackageNotFoundError:
            checks.append(fault(name, "not installed", "Run `make install`."))
    return checks


def _settings(settings: Settings) -> Check:
    """The sections of sources and channels, also of those that nobody uses: each keeps its mistakes to itself."""
    sections = [*settings.sources.values(), *settings.channels.values()]
    mistakes = [mistake for section in sections for mistake in section.mistakes]
    if not mistakes:
        return fine("settings", "every section reads")
    return fault("settings", " ".join(mistakes), "Correct the key; its source or channel is out of use until then.")


def _folder(settings: Settings) -> list[Check]:
    """Whether each file of the company's own folder is found, under a name that is its own."""
    if not settings.project.folder:
        return []
    name, faults = "company folder", strays(settings)
    if faults:
        return [fault(name, " ".join(faults), "Rename or move what is named.")]
    numbers = ", ".join(f"{number} {kind}" for kind, number in counts(settings).items())
    return [fine(name, f"{settings.project.folder}: {numbers or 'empty so far'}")]


def _home(settings: Settings) -> Check:
    place = _standing(settings)
    if place != settings.home and os.access(place, os.W_OK):
        return fine("home", f"{settings.home} is made by the first command that writes")
    if os.access(settings.home, os.W_OK):
        return fine("home", f"{settings.home} is writable")
    return fault(
        "home", f"{settings.home} is not writable", "Give this user the folder, or set FAIRLEAD_HOME to another."
    )


def _standing(settings: Settings) -> Path:
    """The home, or the nearest folder above it that is there."""
    return next(folder for folder in (settings.home, *settings.home.parents) if folder.exists())


def _private(settings: Settings) -> Check:
    name, still_open = "home is private", close(settings.home)
    if not still_open:
        return fine(name, "nobody but its owner reads it")
    others = ", ".join(str(path) for path in still_open[:3])
    return fault(
        name, f"{len(still_open)} of its files and folders are open to others and not this user's: {others}",
        f"As their owner or root: chmod -R go= {settings.home}",
    )  # fmt: skip


def _disk(settings: Settings) -> Check:
    free = shutil.disk_usage(_standing(settings)).free
    detail = f"{free / 1024**3:.1f} GiB free"
    return (
        fine("disk", detail)
        if free >= LEAST_FREE_BYTES
        else fault("disk", detail, "Free some: old files in outbox/ and tmp/, or a larger disk.")
    )


def _clock(settings: Settings) -> Check:
    """A clock cannot know that it is behind, but what was done before says so."""
    columns = {"ops.runs": "started_at", "raw.pulls": "pulled_at", "activation.runs": "started_at"}
    with connect(settings) as db:
        instants = [
            db.query(f"select max({at}) as at from {t}")["at"][0].as_py() for t, at in columns.items() if db.exists(t)
        ]
    newest, clock_time = max((at for at in instants if at), default=None), now()
    if newest is not None and newest > clock_time + timedelta(minutes=SLACK_MINUTES):
        detail = (
            f"this machine says {clock_time:%Y-%m-%d %H:%M} UTC, and something was done here at {newest:%Y-%m-%d %H:%M}"
        )
        mend = (
            "Set the clock (NTP). If it was ahead before and is right now, nothing is to be done;"
            " order never hangs on it."
        )
        return fault("clock", detail, mend)
    return fine("clock", f"{clock_time:%Y-%m-%d %H:%M} UTC, today is {today(settings)} in {settings.project.time_zone}")


def _days(settings: Settings) -> Check:
    tables = ahead(settings, today(settings))
    if not tables:
        return fine("days", f"nothing lies after today, {today(settings)} in {settings.project.time_zone}")
    summary = "; ".join(f"{row['table']}: {row['rows']} rows up to {row['newest']}" for row in tables)
    return fault("days", f"ahead of {today(settings)}: {summary}", tables[0]["mend"] + ".")


def _warehouse(settings: Settings) -> list[Check]:
    """Whether it opens, whether every page of it reads, and whether a reader of it could do more than read."""
    try:
        with connect(settings) as db:
            tables = db.query(
                "select table_schema || '.' || table_name as name from information_schema.tables where table_schema"
                " in ('raw', 'staging', 'intermediate', 'identity', 'marts', 'scores', 'activation', 'ops') and"
                " table_type = 'BASE TABLE' order by 1"
            )["name"].to_pylist()
            marts = sum(name.startswith("marts.") for name in tables)
            checks = [fine("warehouse", f"{db.engine_name} opens; {marts} marts")]
            return checks + ([_pages(db, tables)] if db.engine_name == "duckdb" else [_role(db)])
    except FairleadError as error:
        mend = "As it says; where it says nothing, see warehouse.engine and warehouse.url in fairlead.toml."
        return [fault("warehouse", str(error), mend)]


def _pages(db: Warehouse, tables: list[str]) -> Check:
    """Read all of it once: each page has a checksum, which is looked at when the page is read and no sooner."""
    for table in tables:
        columns = ", ".join(f'"{name}"' for name in db.columns(table))
        try:
            db.query(f"select max({db.row_hash([columns])}) as digest from {table}")
        except FairleadError as error:
            return fault("warehouse pages", f"{table}: {error}", "Restore the last backup; then pull the days since.")
    return fine("warehouse pages", f"all of {len(tables)} tables read")


def _role(db: Warehouse) -> Check:
    """A server's superuser reads files and ends sessions from within a query; Fairlead needs nobody of that kind."""
    sql = "select session_user as name, rolsuper from pg_roles where rolname = session_user"
    name, is_super = db.query(sql).to_pylist()[0].values()
    if not is_super:
        return fine("warehouse role", f"{name} is no superuser")
    mend = (
        "Make a role that owns the database and nothing more (`create role fairlead login`), and put it into"
        " warehouse.url."
    )
    return fault(
        "warehouse role", f"{name} is a superuser: no read-only transaction keeps it from the server's own files", mend
    )
