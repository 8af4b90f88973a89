"""Columns of DuckDB as one JSON object: the SQL by which the engine writes what channels are sent.

The same values as Arrow and `activation/delivery/payload.py` make of the same columns; a test holds the two against
each other. A type of which that is not certain is not written here.
"""

import re
from collections.abc import Mapping

WHOLE = ("tinyint", "smallint", "integer", "bigint", "utinyint", "usmallint", "uinteger")
DECIMAL = re.compile(r"decimal\((\d+),\d+\)")
EXACT_DIGITS = 15  # of a decimal: each of so many is the nearest double's shortest text


def json_object(columns: Mapping[str, tuple[str, str]]) -> str | None:
    """SQL for the JSON text of a row; None where a column cannot be written with certainty.

    columns   name in the object -> SQL of the value, its type as `Warehouse.columns` names it
    """
    values = [(name, _value(sql, kind)) for name, (sql, kind) in columns.items()]
    if not values or any(value is None for _, value in values):
        return None
    pairs = ", ".join(f"'{name.replace(chr(39), chr(39) * 2)}', {value}" for name, value in values)
    return f"cast(json_object({pairs}) as varchar)"


def _value(sql: str, kind: str) -> str | None:
    if kind in ("varchar", "boolean", *WHOLE):
        return sql
    if kind in ("double", "float"):
        return f"case when isfinite({sql}) then cast({sql} as double) end"
    if (decimal := DECIMAL.fullmatch(kind)) and int(decimal[1]) <= EXACT_DIGITS:
        return f"cast({sql} as double)"
    if kind == "timestamp":
        return f"case when isfinite({sql}) then strftime({sql}, '%Y-%m-%dT%H:%M:%SZ') end"
    if kind == "date":
        return f"case when isfinite({sql}) then strftime({sql}, '%Y-%m-%d') end"
    return None
