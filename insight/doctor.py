"""`fairlead doctor`: is this installation fit for tonight, and if not, what to do."""

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from core.clock import now, today
from core.errors import FairleadError
from core.settings import Settings
from core.warehouse import connect
from insight.ahead import ahead

Check = dict[str, Any]
LEAST_FREE_BYTES = 2 * 1024**3  # a night spills, swaps tables and writes outboxes: below this it may end half-way
SLACK_MINUTES = 5  # two hosts of one warehouse may differ by seconds, never by so much
NEEDED = ("duckdb", "dbt-core", "dbt-duckdb", "apache-airflow", "lightgbm", "great_expectations", "pyarrow")


def check(settings: Settings, rooms: Mapping[str, Callable[[Settings], list[Check]]]) -> dict[str, Any]:
    """{ok, checks: [{check, ok, detail, mend}]}; `rooms` adds what each room knows to check of its own."""
    checks = [_python(), *_packages(), _home(settings), _disk(settings), _warehouse(settings)]
    own: dict[str, Callable[[Settings], list[Check]]] = {"clock": lambda s: [_clock(s)], "days": lambda s: [_days(s)]}
    for name, look in {**own, **rooms}.items():
        try:
            checks += look(settings)
        except FairleadError as error:
            checks.append(fault(name, str(error), "Mend the file at the line named."))
    return {"ok": all(c["ok"] for c in checks), "checks": checks}


def fine(name: str, detail: str) -> Check:
    return {"check": name, "ok": True, "detail": detail, "mend": ""}


def fault(name: str, detail: str, mend: str) -> Check:
    return {"check": name, "ok": False, "detail": detail, "mend": mend}


def _python() -> Check:
    found = ".".join(map(str, sys.version_info[:3]))
    return (
        fine("python", found)
        if sys.version_info >= (3, 11)
        else fault("python", found, "Install Python 3.11 or newer.")
    )


def _packages() -> list[Check]:
    checks = []
    for name in NEEDED:
        try:
            checks.append(fine(name, version(name)))
        except PackageNotFoundError:
            checks.append(fault(name, "not installed", "Run `make install`."))
    return checks


def _home(settings: Settings) -> Check:
    settings.home.mkdir(parents=True, exist_ok=True)
    if os.access(settings.home, os.W_OK):
        return fine("home", f"{settings.home} is writable")
    return fault(
        "home", f"{settings.home} is not writable", "Give this user the folder, or set FAIRLEAD_HOME to another."
    )


def _disk(settings: Settings) -> Check:
    free = shutil.disk_usage(settings.home).free
    detail = f"{free / 1024**3:.1f} GiB free"
    return (
        fine("disk", detail)
        if free >= LEAST_FREE_BYTES
        else fault("disk", detail, "Free some: old files in outbox/ and tmp/, or a larger disk.")
    )


def _clock(settings: Settings) -> Check:
    """A clock cannot know that it is behind, but what was done before says so."""
    done = {"ops.runs": "started_at", "raw.pulls": "pulled_at", "activation.runs": "started_at"}
    with connect(settings) as db:
        known = [
            db.query(f"select max({at}) as at from {t}")["at"][0].as_py() for t, at in done.items() if db.exists(t)
        ]
    last, here = max((at for at in known if at), default=None), now()
    if last is not None and last > here + timedelta(minutes=SLACK_MINUTES):
        detail = f"this machine says {here:%Y-%m-%d %H:%M} UTC, and something was done here at {last:%Y-%m-%d %H:%M}"
        mend = "Set the clock (NTP). If it was ahead before and is right now, nothing is to be done; order never hangs on it."
        return fault("clock", detail, mend)
    return fine("clock", f"{here:%Y-%m-%d %H:%M} UTC, today is {today(settings)} in {settings.project.time_zone}")


def _days(settings: Settings) -> Check:
    found = ahead(settings, today(settings))
    if not found:
        return fine("days", f"nothing lies after today, {today(settings)} in {settings.project.time_zone}")
    told = "; ".join(f"{row['table']}: {row['rows']} rows up to {row['newest']}" for row in found)
    return fault("days", f"ahead of {today(settings)}: {told}", found[0]["mend"] + ".")


def _warehouse(settings: Settings) -> Check:
    try:
        with connect(settings) as db:
            tables = db.query("select count(*) as n from information_schema.tables where table_schema = 'marts'")["n"][
                0
            ].as_py()
            return fine("warehouse", f"{db.engine_name} opens; {tables} marts")
    except FairleadError as error:
        return fault("warehouse", str(error), "See warehouse.engine and warehouse.url in fairlead.toml.")
