"""`fairlead doctor`: is this installation fit for tonight, and if not, what to do."""

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from core.errors import FairleadError
from core.settings import Settings
from core.warehouse import connect

Check = dict[str, Any]
LEAST_FREE_BYTES = 2 * 1024**3  # a night spills, swaps tables and writes outboxes: below this it may end half-way
NEEDED = ("duckdb", "dbt-core", "dbt-duckdb", "apache-airflow", "lightgbm", "great_expectations", "pyarrow")


def check(settings: Settings, rooms: Mapping[str, Callable[[Settings], list[Check]]]) -> dict[str, Any]:
    """{ok, checks: [{check, ok, detail, mend}]}; `rooms` adds what each room knows to check of its own."""
    checks = [_python(), *_packages(), _home(settings), _disk(settings), _clock(settings), _warehouse(settings)]
    for name, look in rooms.items():
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
    return fine("days", f"a day is a date in {settings.project.time_zone}")


def _warehouse(settings: Settings) -> Check:
    try:
        with connect(settings) as db:
            tables = db.query("select count(*) as n from information_schema.tables where table_schema = 'marts'")["n"][
                0
            ].as_py()
            return fine("warehouse", f"{db.engine_name} opens; {tables} marts")
    except FairleadError as error:
        return fault("warehouse", str(error), "See warehouse.engine and warehouse.url in fairlead.toml.")
