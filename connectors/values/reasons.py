"""SQL that says why a value is none of its column's type, and the mend where there is one."""

import pyarrow as pa

from connectors.column import Column
from connectors.source import Table
from connectors.values.grammar import CUT, DIGITS, ODD_LOCAL, PLAIN_INTEGER, PLAIN_NUMBER
from connectors.values.texts import lit, plain_number, trimmed
from connectors.values.times import plain_clock


def reason_sql(v: str, column: Column, arrived_type: pa.DataType, table: Table) -> str:
    """The expression that says why `v` is none of its type, and the mend where there is one."""
    message = f"not a{'n' if column.type[0] in 'aeiou' else ''} {column.type}"
    s = trimmed(v, arrived_type, table)
    if column.type == "json":
        return f"coalesce(case when json_valid({s}) then nullif(json_fault({s}), '') end, {lit(message)})"
    cases: list[tuple[str, str]] = []
    if column.type in ("integer", "number"):
        number = plain_number(s, column, table) if pa.types.is_string(arrived_type) else s
        cases = _number_reasons(s, number, column.type, table.decimal == "," and number != s)
    elif column.format and column.format != CUT:
        message += f" of format {column.format}"
    elif column.type == "date":
        cases = [(f"regexp_matches({s}, '^0[0-9]{{3}}-')", "a year before 1000")]
    elif column.type == "timestamp":
        cases = _timestamp_reasons(s, column)
    whens = " ".join(f"when {condition} then {lit(f'{message}: {words}')}" for condition, words in cases)
    return f"case {whens} else {lit(message)} end" if whens else lit(message)


def _number_reasons(s: str, number: str, kind: str, comma: bool) -> list[tuple[str, str]]:
    out = []
    if kind == "integer":
        out.append((f"regexp_full_match({number}, '{PLAIN_INTEGER}')", "larger than 64 bits hold; declare text"))
    else:
        out.append((f"regexp_full_match({number}, '{PLAIN_NUMBER}')", "more digits than a double keeps; declare text"))
    if comma:
        out.append((f"regexp_full_match({s}, '{PLAIN_NUMBER}')", "before a decimal comma, points part groups of three"))
    return out


def _timestamp_reasons(s: str, column: Column) -> list[tuple[str, str]]:
    out = [
        (f"regexp_full_match({s}, '{DIGITS}')", "a bare number; declare its format, such as epoch_seconds or %Y%m%d%H"),
        (f"regexp_matches({s}, '^0[0-9]{{3}}-')", "a year before 1000"),
        (
            f"regexp_matches({s}, ':[0-9]{{2}}[.,][0-9]{{6}}[0-9]+')",
            f"more than six digits of a second; declare format {CUT} to cut them, or text",
        ),
    ]
    if column.time_zone:
        exists = f"try_cast({plain_clock(s)} as timestamp) is not null"
        local = f"regexp_full_match({s}, '{ODD_LOCAL}') and {exists}"
        out.append((local, f"a time that the clock change in {column.time_zone} skipped"))
    return out
