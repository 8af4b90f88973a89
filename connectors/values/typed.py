"""SQL that reads a value as its column's type. What lands is what was written, or it is NULL here and refused.

A value may lose what carries nothing (zeros before a number or behind its point, a plus, spaces around it, the offset
of an instant, which becomes UTC); whatever else would change it is refused. docs/reference/values.md holds it in words.
"""

import pyarrow as pa

from connectors.column import Column
from connectors.source import Table
from connectors.values.grammar import (
    DIGITS,
    EARLIEST,
    EXACT_INTEGERS,
    FALSE,
    ISO_DATE,
    LATEST,
    MOST_DIGITS,
    PLAIN_INTEGER,
    PLAIN_NUMBER,
    SURE_DIGITS,
    TRUE,
)
from connectors.values.texts import plain_number, trimmed, varchar, without_nulls
from connectors.values.times import native_timestamp, patterned_date, timestamp


def typed_sql(v: str, column: Column, arrived_type: pa.DataType, table: Table) -> str:
    """The expression that turns the value `v` into the column's type, NULL where it cannot."""
    text = pa.types.is_string(arrived_type)
    if column.type == "text":
        return without_nulls(v if text else varchar(arrived_type, v), table)
    if not text and (direct := _direct(v, column, arrived_type)) is not None:
        return direct
    s = trimmed(v, arrived_type, table)
    if column.type in ("integer", "number"):
        number = plain_number(s, column, table) if text else s
        return _integer(number) if column.type == "integer" else _number(number)
    if column.type == "boolean":
        return f"case when lower({s}) in {TRUE} then true when lower({s}) in {FALSE} then false end"
    if column.type == "json":
        return f"case when json_valid({s}) then case when json_fault({s}) = '' then {s} end end"
    if column.type == "date":
        return (
            patterned_date(s, column)
            if column.format
            else f"case when regexp_full_match({s}, '{ISO_DATE}') then try_cast(left({s}, 10) as date) end"
        )
    return timestamp(s, column)


def _integer(number: str) -> str:
    return f"case when regexp_full_match({number}, '{PLAIN_INTEGER}') then try_cast({number} as bigint) end"


def _number(number: str) -> str:
    """A double that gives back the digits that came. Few digits always do; that is asked first, as the usual case."""
    cast = f"try_cast({number} as double)"
    return (
        f"case when length({number}) <= {SURE_DIGITS} and regexp_full_match({number}, '{DIGITS}') then {cast}"
        f" when regexp_full_match({number}, '{PLAIN_NUMBER}') and {_comes_back(number, cast)} then {cast} end"
    )


def _comes_back(number: str, cast: str) -> str:
    """The double written with as many digits as came has the same digits."""
    digits = f"trim(regexp_replace(regexp_replace({number}, '[eE].*', ''), '[^0-9]', '', 'g'), '0')"
    exact_text = f"printf('%.*e', greatest(length({digits}) - 1, 0)::integer, abs({cast}))"
    same = f"rtrim(replace(regexp_extract({exact_text}, '^[^e]*'), '.', ''), '0') = {digits}"
    is_inexact = f"length({digits}) > {MOST_DIGITS} or not isfinite({cast})"
    return f"case when {digits} = '' then true when {is_inexact} then false else {same} end"


def _direct(v: str, column: Column, arrived_type: pa.DataType) -> str | None:
    """Where the source has a type of its own, no way through text is needed. NULL where ours cannot hold the value."""
    t, declared = pa.types, column.type
    if declared == "integer" and t.is_integer(arrived_type):
        return f"try_cast({v} as bigint)"
    if declared == "integer" and t.is_floating(arrived_type):
        return f"case when {v} = trunc({v}) and abs({v}) <= {EXACT_INTEGERS} then {v}::bigint end"
    if declared == "number" and t.is_integer(arrived_type):
        return f"case when {v}::double::hugeint = {v}::hugeint then {v}::double end"
    if declared == "number" and (
        t.is_floating(arrived_type) or (t.is_decimal(arrived_type) and arrived_type.precision <= SURE_DIGITS)
    ):
        return f"case when isfinite({v}::double) then {v}::double end"
    if declared == "boolean" and t.is_boolean(arrived_type):
        return v
    if declared == "date" and t.is_date(arrived_type):
        return f"case when {v} between date '{EARLIEST[:10]}' and date '{LATEST[:10]}' then {v} end"
    if declared == "timestamp" and t.is_timestamp(arrived_type):
        return native_timestamp(v, column.time_zone, arrived_type)
    return None
