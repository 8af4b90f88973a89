"""Rows pulled for a day before it came: they stay, for they are facts, and take the day on which they came."""

from datetime import date
from typing import Any

from connectors.landing.tables import MENDED, REFUSED, came_on
from core.clock import today
from core.settings import Settings
from core.warehouse import Warehouse, connect

Part = dict[str, Any]
DATED = "dated to the day on which they were pulled"


def rewind(settings: Settings, day: date, apply: bool) -> list[Part]:
    """What raw holds of days after `day` that had not begun when it was pulled; days that had are right, and stay."""
    with connect(settings, writer="raw" if apply else None) as db, db.transaction():
        if not db.exists("raw.pulls"):
            return []
        later_tables = db.query("select distinct source, table_name from raw.pulls where day > $1 order by 1, 2", [day])
        raw_tables = [f"raw.{row['source']}__{row['table_name']}" for row in later_tables.to_pylist()]
        tables = [name for table in raw_tables for name in (table, table + REFUSED)]
        columns = {table: ("_day", "_pulled_at") for table in tables if db.exists(table)}
        columns |= {"raw.rejects": ("day", "rejected_at")}
        parts = [_redate(db, settings, table, *names, day, apply) for table, names in columns.items()]
        if apply:
            _mended_by_today(db, settings, [t for t in columns if t.endswith(REFUSED)])
        pulls = _redate(db, settings, "raw.pulls", "day", "pulled_at", day, apply, ", fingerprint = null")
        parts.append(pulls | {"what": f"{DATED}, and forgotten as marks, so that their sources are read again"})
    return [part for part in parts if part["rows"]]


def _redate(
    db: Warehouse,
    settings: Settings,
    table: str,
    day_name: str,
    at_name: str,
    day: date,
    apply: bool,
    more_columns: str = "",
) -> Part:
    """One turn a pull, of which a table has a few: the local day of an instant is the settings' to say."""
    rows = 0
    later = db.query(f"select distinct {at_name} as at from {table} where {day_name} > $1", [day])
    for at in later["at"].to_pylist():
        pull_day = came_on(settings, at)
        condition = f"{day_name} > $1 and {day_name} > $2 and {at_name} = $3"
        if apply:
            rows += db.execute(
                f"update {table} set {day_name} = $2{more_columns} where {condition}", [day, pull_day, at]
            )
        else:
            counts = db.query(f"select count(*) as n from {table} where {condition}", [day, pull_day, at])
            rows += int(counts["n"][0].as_py())
    return {"table": table, "what": DATED, "rows": rows}


def _mended_by_today(db: Warehouse, settings: Settings, twins: list[str]) -> None:
    """Whatever put a refused row right has come by now, and not on a day ahead."""
    for twin in twins:
        db.execute(f"update {twin} set {MENDED} = $1 where {MENDED} > $1", [today(settings)])
