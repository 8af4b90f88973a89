"""`fairlead pull --again SOURCE.TABLE`: what a mended source file says of rows that are here, read from the source."""

from collections.abc import Callable
from datetime import date
from typing import Any

from connectors.pull import carry_out, choose, may_hold_a_no
from connectors.reading import Request
from core.errors import ConfigError
from core.settings import Settings
from core.warehouse import connect


def again(settings: Settings, where: str, end_reason: Callable[[], str] = lambda: "") -> dict[str, Any]:
    """The answer of `pull`, of one table; each row keeps its day.

    Raises ConfigError for a table that no source file has, that is switched off, or that was never pulled.
    """
    name, _, table_name = where.partition(".")
    places, _, mistakes = choose(settings, [name])
    if mistakes:
        raise ConfigError(*mistakes[name])
    ((source, place),) = places
    if table_name not in source.tables:
        raise ConfigError(f"No table {where!r}. Tables: {', '.join(f'{name}.{table}' for table in source.tables)}.")
    first_day, day = _days(settings, name, table_name)
    table = source.tables[table_name].model_copy(update={"missing": "ok"})  # what is gone is counted
    request = Request(
        settings, name, table_name, table, place, first_day, day, is_anew=True,
        tables=source.tables, holds_a_no=f"{name}__{table_name}" in may_hold_a_no(settings),
    )  # fmt: skip
    return carry_out(settings, day, first_day, [(source, request)], end_reason, {}, [])


def _days(settings: Settings, source: str, table: str) -> tuple[date, date]:
    """The first and the newest day for which it was pulled."""
    sql = "select min(day) as first, max(day) as newest from raw.pulls where source = $1 and table_name = $2"
    with connect(settings) as db:
        rows = db.query(sql, [source, table]).to_pylist() if db.exists("raw.pulls") else []
    if not rows or rows[0]["newest"] is None:
        raise ConfigError(f"{source}.{table} was never pulled. `fairlead pull {source} --day D` does it first.")
    return rows[0]["first"], rows[0]["newest"]
