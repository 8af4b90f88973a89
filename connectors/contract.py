"""The contract at the door: what a table's file promises of each row, checked in the warehouse on new arrivals.

Row by row faults come back as SQL that names the rows, so no row passes through Python. What columns declare is a
condition each, all read in one pass; further `expectations` are Great Expectations' (connectors/expectations.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from connectors.column import Column
from connectors.expectations import faults_of
from connectors.landing.classify import Fault
from connectors.landing.tables import Landing
from connectors.source import Table
from core.settings import Settings
from core.warehouse import Warehouse


@dataclass(frozen=True)
class Rule:
    """What one column promises, with the words a person needs when a row breaks it; `broken` is SQL."""

    column: str
    reason: str
    broken: str


def rules_of(table: Table) -> list[Rule]:
    """What a table's columns promise of each row. Order matters: a row's first fault is its reason."""
    rules = [Rule("_bad_column", "", "_bad_reason is not null")]
    for name, column in table.columns.items():
        rules += _column_rules(name, column, required=column.required or name in table.key)
    return rules


def _column_rules(name: str, column: Column, required: bool) -> Iterator[Rule]:
    if required:
        yield Rule(name, "required, but empty", f'"{name}" is null')
    if column.min is not None or column.max is not None:
        low, high = _instant(column.min, column), _instant(column.max, column)
        span = f"not between {low if low is not None else '…'} and {high if high is not None else '…'}"
        outside = [f'"{name}" {sign} {_sql(limit)}' for sign, limit in (("<", low), (">", high)) if limit is not None]
        yield Rule(name, span, " or ".join(outside))
    if column.values is not None:
        values = list(map(str, column.values)) if column.type == "text" else column.values
        listed = ", ".join(map(_sql, values))
        yield Rule(name, f"not one of {', '.join(map(str, column.values))}", f'"{name}" not in ({listed})')


def _instant(limit: Any, column: Column) -> Any:
    if column.type == "timestamp" and isinstance(limit, date) and not isinstance(limit, datetime):
        return datetime(limit.year, limit.month, limit.day)
    return limit


def _sql(value: str | int | float | date | datetime) -> str:
    """The value as both engines read it."""
    if isinstance(value, datetime):
        return f"timestamp '{value}'"
    if isinstance(value, date):
        return f"date '{value}'"
    if isinstance(value, float):
        return f"cast('{value!r}' as double precision)"
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def row_faults(landing: Landing) -> list[Fault]:
    """Check what has arrived: the row by row faults, those of the columns first.

    Raises FatalError when an expectation about the table as a whole fails, ConfigError when one cannot be run at all.
    """
    db, table, arrived = landing.db, landing.table, landing.arrived
    rules = rules_of(table)
    sums = ", ".join(f"sum(case when {rule.broken} then 1 else 0 end) as r{n}" for n, rule in enumerate(rules))
    (broken,) = db.query(f"select {sums} from {arrived}").to_pylist()
    faults = [
        Fault(rule.column, rule.reason, f"select _n from {arrived} where {rule.broken}")
        for n, rule in enumerate(rules)
        if broken[f"r{n}"]
    ]
    return faults + faults_of(db, landing.incoming, table.expectations) if table.expectations else faults


def warnings_of(db: Warehouse, settings: Settings, raw: str, table: Table, day: date) -> list[str]:
    """Freshness and volume of the landed table, as of `day`. They warn: a late or thin day is a day all the same."""
    return [*_staleness(db, settings, raw, table, day), *_thinness(db, raw, table, day)]


def _staleness(db: Warehouse, settings: Settings, raw: str, table: Table, day: date) -> Iterator[str]:
    dated = [n for kind in ("timestamp", "date") for n, c in table.columns.items() if c.type == kind]
    time_column = table.cursor if table.cursor in dated else next(iter(dated), None)
    if table.freshness_days is None or time_column is None:
        return
    oldest = settings.end_of_day(day - timedelta(days=table.freshness_days + 1))
    query = f'select max("{time_column}") < {_sql(oldest)} as is_stale from raw."{raw}" where _day <= date \'{day}\''
    if db.query(query)["is_stale"][0].as_py():
        yield f"stale: the newest {time_column} is older than {table.freshness_days} day(s) before {day}"


def _thinness(db: Warehouse, raw: str, table: Table, day: date) -> Iterator[str]:
    if table.volume is None:
        return
    days = [day - timedelta(weeks=week) for week in range(table.volume.weeks + 1)]
    listed = ", ".join(f"date '{one}'" for one in days)
    counts = db.query(f'select _day, count(*) as n from raw."{raw}" where _day in ({listed}) group by _day').to_pylist()
    rows = {count["_day"]: int(count["n"]) for count in counts}
    past, today = [n for one, n in rows.items() if one != day], rows.get(day, 0)
    if len(past) < 2:  # one earlier day says nothing about what is usual
        return
    usual = sum(past) / len(past)
    low, high = usual * table.volume.min_share, usual * table.volume.max_share
    if not low <= today <= high:
        yield f"volume: {today} rows on {day}, where {low:.0f} to {high:.0f} are usual for this weekday"
