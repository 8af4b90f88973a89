"""A value as it came, as text: with nothing of it lost, and nothing where it means nothing.

SQL over the columns that arrived.
"""

import re

import pyarrow as pa

from connectors.column import Column
from connectors.source import Table
from connectors.values.grammar import COMMA_NUMBER, GROUPED_NUMBER, LAKH_NUMBER, SPACES


def lit(text: str | None) -> str:
    return "'" + str(text).replace("'", "''") + "'"


def given_sql(v: str, arrived_type: pa.DataType, table: Table) -> str:
    """A value was there: so a NULL behind the cast is a value that could not be read."""
    return f"trim({without_nulls(v, table)}) <> ''" if pa.types.is_string(arrived_type) else f"{v} is not null"


def without_nulls(v: str, table: Table) -> str:
    out = f"nullif({v}, '')"
    for text in table.nulls:
        out = f"nullif({out}, {lit(text)})"
    return out


def varchar(arrived_type: pa.DataType, v: str) -> str:
    """A value of any type as text, with nothing of it lost."""
    if pa.types.is_nested(arrived_type):
        return f"to_json({v})::varchar"
    if pa.types.is_timestamp(arrived_type) and arrived_type.unit == "ns" and arrived_type.tz:
        return f"{v}::varchar || '+00'"  # in UTC; `readable` took its zone off, beside which no nanoseconds are kept
    return v if pa.types.is_string(arrived_type) else f"{v}::varchar"


def reads_as_text(kind: pa.DataType) -> bool:
    t = pa.types
    return t.is_nested(kind) or t.is_null(kind) or t.is_time(kind) or is_text(kind) or is_bytes(kind)


def is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def is_bytes(kind: pa.DataType) -> bool:
    t = pa.types
    return t.is_binary(kind) or t.is_large_binary(kind) or t.is_binary_view(kind) or t.is_fixed_size_binary(kind)


def trimmed(v: str, arrived_type: pa.DataType, table: Table) -> str:
    return f"trim({without_nulls(varchar(arrived_type, v), table)})"


def without_words(s: str, column: Column) -> str:
    """Words and digits of other scripts as what is read for them, the longest first: one may begin another."""
    for word, put in sorted((column.words or {}).items(), key=lambda w: -len(w[0])):
        s = f"replace({s}, {lit(word)}, {lit(put)})"
    return s


def plain_number(s: str, column: Column, table: Table) -> str:
    """A number as it is declared to be written (digits, parentheses, minus, unit, thousands, comma) as a plain one.

    NULL where points, commas and spaces do not part groups of three.
    """
    s = without_words(s, column)
    signed = f"regexp_replace({s}, '^(\\(([^-+()]+)\\)|([^-+()]+)-)$', '-\\2\\3')" if column.accounting else s
    number = _without_unit(signed, column.unit) if column.unit else signed
    if table.decimal == ",":
        is_number = f"regexp_full_match({number}, '{COMMA_NUMBER}')"
        return f"case when {is_number} then translate({number}, ',.{SPACES}', '.') end"
    if table.thousands is None:
        return number
    grouped = LAKH_NUMBER if table.thousands == "lakh" else GROUPED_NUMBER
    is_grouped = f"regexp_full_match({number}, '{grouped}')"
    return f"case when {is_grouped} then replace({number}, ',', '') else {number} end"


def _without_unit(s: str, unit: str) -> str:
    """€ 5, -€5, 5 € as 5; the unit once, on one side."""
    sign = re.escape(unit).replace("'", "''")
    spaces = f"[{SPACES}]*"
    return f"regexp_replace({s}, '^([+-]?){spaces}{sign}{spaces}|{spaces}{sign}$', '\\1')"
