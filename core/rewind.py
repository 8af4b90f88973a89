"""Days taken back in the marts that remember days: the others are built anew each night. dbt writes them, so dbt takes
them back.
"""

from datetime import date
from typing import Any

from core.build import dbt
from core.building.dbt_words import of_run
from core.errors import FatalError
from core.settings import Settings
from core.warehouse import Warehouse, connect

Part = dict[str, Any]  # table, what becomes of its rows, rows
LATER = (  # what is counted, and what the macro `rewind` in dbt_project does to it
    ("marts.segment_days", "day > $1", "days of membership taken back"),
    ("marts.segment_membership", "entered_day > $1", "stays that began later, taken out"),
    ("marts.segment_membership", "entered_day <= $1 and left_day > $1", "stays that ended later, open again"),
)


def rewind(settings: Settings, day: date, apply: bool) -> list[Part]:
    """What lies after `day` in the memory of segments; taken back where `apply`."""
    with connect(settings) as db:
        parts = count(db, LATER, day)
    if apply and parts:
        process = dbt(settings, day, ["run-operation", "rewind", "--args", f"{{to_day: '{day}'}}"])
        if process.returncode:
            raise FatalError(f"dbt could not take the days back: {of_run(process.stdout, settings)}")
    return parts


def count(db: Warehouse, conditions: tuple[tuple[str, str, str], ...], day: date) -> list[Part]:
    """Of each (table, condition with $1 = the day, what becomes of the rows), how many there are; only those that have
    some.
    """
    parts = []
    for table, condition, outcome in conditions:
        if db.exists(table):
            rows = int(db.query(f"select count(*) as n from {table} where {condition}", [day])["n"][0].as_py())
            parts += [{"table": table, "what": outcome, "rows": rows}] * (rows > 0)
    return parts
