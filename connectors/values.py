"""How each type is written, and the SQL that reads it. What lands is what was written, or it is NULL here and refused.

The grammar stands in docs/reference/values.md. A value may lose what carries nothing (zeros before a number or behind
its point, a plus, spaces around it, the offset of an instant, which becomes UTC); whatever else would change it is refused.
"""

import re

import pyarrow as pa

from connectors.source import Column, Table

DIGITS = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)"
PLAIN_NUMBER = DIGITS + r"([eE][+-]?[0-9]+)?"
PLAIN_INTEGER = r"[+-]?[0-9]+(\.0*)?"
SPACES = " \u00a0\u202f"  # between groups of three, as French and ISO 31 have it: plain, no-break, narrow no-break
GROUPED = "|".join(rf"[1-9][0-9]{{0,2}}(?:{re.escape(mark)}[0-9]{{3}})+" for mark in "." + SPACES)
COMMA_NUMBER = rf"[+-]?(?:{GROUPED}|[0-9]+|)(?:,[0-9]*)?(?:[eE][+-]?[0-9]+)?"
SURE_DIGITS, MOST_DIGITS = 15, 17  # every decimal of 15 digits comes back from a double, of 16 and 17 some
EXACT_INTEGERS = 2**53  # above, a double no longer tells one whole number from the next

ISO_DAY = r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}"  # a year below 1000 is one that was written with two digits
ISO_DATE = rf"{ISO_DAY}([T ]00:00(:00(\.0+)?)?)?"  # what a database calls a date may carry a midnight
CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]({point}[0-9]{{1,6}}0*)?)?"  # a timestamp keeps microseconds
LOCAL = rf"{ISO_DAY}([T ]{CLOCK.format(point='[.]')})?"
INSTANT = (
    rf"{ISO_DAY}[T ]{CLOCK.format(point='[.]').removesuffix('?')}( ?UTC|Z)"  # most often so, and the engine reads it
)
OFFSET = r" *(Z|UTC|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))"  # none in use is beyond 14 hours
ODD_LOCAL = rf"{ISO_DAY}[Tt ]{CLOCK.format(point='[.,]')}"
ODD_INSTANT = rf"(?i:{ODD_LOCAL}{OFFSET})"
# Undeclared: from 2001-09-09 to 2030-03-17 and 2033-05-18; the hour 2026032915 and the minute 202603291530 are neither.
EPOCH_SECONDS = r"1[0-8][0-9]{8}(\.[0-9]{1,6}0*)?"
EPOCH_MILLISECONDS = r"1[0-9]{12}(\.[0-9]{1,3}0*)?"
EPOCHS = {  # `format` -> how it is written, microseconds in one
    "epoch_seconds": (r"-?[0-9]{1,12}(\.[0-9]{1,6}0*)?", 1_000_000),
    "epoch_milliseconds": (r"-?[0-9]{1,15}(\.[0-9]{1,3}0*)?", 1000),
    "epoch_microseconds": (r"-?[0-9]{1,18}(\.0*)?", 1),
}
TRUE, FALSE = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")
CUT = "iso_to_microseconds"  # `format`: ISO 8601 whose digits behind the sixth are cut off, by declaration
EARLIEST, LATEST = "1000-01-01 00:00:00", "9999-12-31 23:59:59.999999"
FIRST_EPOCH, LAST_EPOCH = "1900-01-01 00:00:00", "2199-12-31 23:59:59.999999"  # outside, the unit is another


def typed_sql(v: str, column: Column, arrived: pa.DataType, table: Table) -> str:
    """The expression that turns the value `v` into the column's type, NULL where it cannot."""
    text = pa.types.is_string(arrived)
    if column.type == "text":
        return without_nulls(v if text else varchar(arrived, v), table)
    if not text and (direct := _direct(v, column, arrived)) is not None:
        return direct
    s = _trimmed(v, arrived, table)
    if column.type in ("integer", "number"):
        number = _point_number(s) if table.decimal == "," and text else s
        return _integer(number) if column.type == "integer" else _number(number)
    if column.type == "boolean":
        return f"case when lower({s}) in {TRUE} then true when lower({s}) in {FALSE} then false end"
    if column.type == "json":
        return f"case when json_valid({s}) then case when json_fault({s}) = '' then {s} end end"
    if column.type == "date":
        return (
            _patterned_date(s, column.format)
            if column.format
            else f"case when regexp_full_match({s}, '{ISO_DATE}') then try_cast(left({s}, 10) as date) end"
        )
    return _timestamp(s, column)


def given_sql(v: str, arrived: pa.DataType, table: Table) -> str:
    """A value was there: so a NULL behind the cast is a value that could not be read."""
    return f"trim({without_nulls(v, table)}) <> ''" if pa.types.is_string(arrived) else f"{v} is not null"


def without_nulls(v: str, table: Table) -> str:
    out = f"nullif({v}, '')"
    for text in table.nulls:
        out = f"nullif({out}, {lit(text)})"
    return out


def varchar(arrived: pa.DataType, v: str) -> str:
    """A value of any type as text, with nothing of it lost."""
    if pa.types.is_nested(arrived):
        return f"to_json({v})::varchar"
    if pa.types.is_timestamp(arrived) and arrived.unit == "ns" and arrived.tz:
        return f"{v}::varchar || '+00'"  # in UTC; `readable` took its zone off, beside which no nanoseconds are kept
    return v if pa.types.is_string(arrived) else f"{v}::varchar"


def reads_as_text(kind: pa.DataType) -> bool:
    t = pa.types
    return t.is_nested(kind) or t.is_null(kind) or t.is_time(kind) or is_text(kind) or is_bytes(kind)


def is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def is_bytes(kind: pa.DataType) -> bool:
    t = pa.types
    return t.is_binary(kind) or t.is_large_binary(kind) or t.is_binary_view(kind) or t.is_fixed_size_binary(kind)


def _trimmed(v: str, arrived: pa.DataType, table: Table) -> str:
    return f"trim({without_nulls(varchar(arrived, v), table)})"


def _point_number(s: str) -> str:
    """1.234,56 as 1234.56; NULL where the points and spaces do not part groups of three."""
    return f"case when regexp_full_match({s}, '{COMMA_NUMBER}') then translate({s}, ',.{SPACES}', '.') end"


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
    written = f"printf('%.*e', greatest(length({digits}) - 1, 0)::integer, abs({cast}))"
    same = f"rtrim(replace(regexp_extract({written}, '^[^e]*'), '.', ''), '0') = {digits}"
    lost = f"length({digits}) > {MOST_DIGITS} or not isfinite({cast})"
    return f"case when {digits} = '' then true when {lost} then false else {same} end"


def _patterned_date(s: str, pattern: str | None) -> str:
    day = f"try_strptime({s}, {lit(pattern)})::date"
    same = _same_text(f"{day}::timestamp", pattern, s)
    return f"case when year({day}) between 1000 and 9999 and {same} then {day} end"


def _same_text(moment: str, pattern: str | None, s: str) -> str:
    """What was read, written back by its pattern, is what came, but for leading zeros, letters' case and spaces."""
    bare = "regexp_replace(regexp_replace(lower({0}), '(^|[^0-9])0+([0-9])', '\\1\\2', 'g'), ' ', '', 'g')"
    if re.search("%[fgn]", str(pattern)):
        bare = f"regexp_replace({bare}, '(\\.[0-9]*?)0+([^0-9]|$)', '\\1\\2')"
    return f"{bare.format(f'strftime({moment}, {lit(pattern)})')} = {bare.format(s)}"


def _timestamp(s: str, column: Column) -> str:
    if column.format in EPOCHS:
        written, unit = EPOCHS[column.format]
        moment = _bounded(_since_1970(s, unit), FIRST_EPOCH, LAST_EPOCH)
        return f"case when regexp_full_match({s}, '{written}') then {moment} end"
    if column.format == CUT:
        s = f"regexp_replace({s}, '([.,][0-9]{{6}})[0-9]+', '\\1')"
    elif column.format:
        return _patterned(s, column.format, column.time_zone)
    plain = f"try_cast({s} as timestamp)"
    odd = f"try_cast({_plain_clock(s)} as timestamp)"
    return (
        f"case when regexp_full_match({s}, '{LOCAL}') then {_utc(plain, column.time_zone)}"
        f" when regexp_full_match({s}, '{INSTANT}') then {plain}"
        f" when regexp_full_match({s}, '{ODD_INSTANT}') then {_bounded(f'{odd} - {_offset(s)}')}"
        f" when regexp_full_match({s}, '{ODD_LOCAL}') then {_utc(odd, column.time_zone)}"
        f" when regexp_full_match({s}, '{EPOCH_SECONDS}') then {_since_1970(s, 1_000_000)}"
        f" when regexp_full_match({s}, '{EPOCH_MILLISECONDS}') then {_since_1970(s, 1000)} end"
    )


def _plain_clock(s: str) -> str:
    """Without its offset, and with the point and the space that the engine knows."""
    return f"translate(regexp_replace({s}, '(?i){OFFSET}$', ''), 'Tt,', '  .')"


def _offset(s: str) -> str:
    """The offset at the end of `s` as an interval; none for Z."""
    tail = f"regexp_extract({s}, '[+-][0-9]{{2}}:?([0-9]{{2}})?$')"
    hours, minutes = f"substr({tail}, 2, 2)", f"right(substr({tail}, 4), 2)"
    count = f"60 * try_cast({hours} as integer) + coalesce(try_cast({minutes} as integer), 0)"
    return f"to_minutes(coalesce((case when left({tail}, 1) = '-' then -1 else 1 end) * ({count}), 0))"


def _patterned(s: str, pattern: str, zone: str | None) -> str:
    """By a strptime pattern; an offset at its end (%z) is taken off first, and the rest is held against what came."""
    if pattern.endswith("%z"):
        rest, bare = f"regexp_replace({s}, '{OFFSET}$', '')", pattern[:-2].rstrip()
        moment = f"try_strptime({rest}, {lit(bare)})::timestamp"
        read = f"case when {_same_text(moment, bare, rest)} then {moment} - {_offset(s)} end"
        return f"case when regexp_matches({s}, '{OFFSET}$') then {_bounded(read)} end"
    moment = f"try_strptime({s}, {lit(pattern)})::timestamp"
    return f"case when {_same_text(moment, pattern, s)} then {_bounded(_utc(moment, zone))} end"


def _since_1970(s: str, unit: int) -> str:
    """By whole numbers: a double would move the sixth digit."""
    return f"make_timestamp((try_cast({s} as decimal(24, 6)) * {unit})::bigint)"


def _bounded(moment: str, first: str = EARLIEST, last: str = LATEST) -> str:
    return f"case when {moment} between timestamp '{first}' and timestamp '{last}' then {moment} end"


def _utc(local: str, zone: str | None) -> str:
    """Local time as UTC. Of one that the clock change repeats, the second (winter time); one that it skips is NULL."""
    if zone is None:
        return local
    instant = f"timezone({lit(zone)}, {local})"
    moment = _bounded(f"timezone('UTC', {instant})")
    return f"case when timezone({lit(zone)}, {instant}) = {local} then {moment} end"


def _direct(v: str, column: Column, arrived: pa.DataType) -> str | None:
    """Where the source has a type of its own, no way through text is needed. NULL where ours cannot hold the value."""
    t, wanted = pa.types, column.type
    if wanted == "integer" and t.is_integer(arrived):
        return f"try_cast({v} as bigint)"
    if wanted == "integer" and t.is_floating(arrived):
        return f"case when {v} = trunc({v}) and abs({v}) <= {EXACT_INTEGERS} then {v}::bigint end"
    if wanted == "number" and t.is_integer(arrived):
        return f"case when {v}::double::hugeint = {v}::hugeint then {v}::double end"
    if wanted == "number" and (t.is_floating(arrived) or (t.is_decimal(arrived) and arrived.precision <= SURE_DIGITS)):
        return f"case when isfinite({v}::double) then {v}::double end"
    if wanted == "boolean" and t.is_boolean(arrived):
        return v
    if wanted == "date" and t.is_date(arrived):
        return f"case when {v} between date '{EARLIEST[:10]}' and date '{LATEST[:10]}' then {v} end"
    if wanted == "timestamp" and t.is_timestamp(arrived):
        return _native_timestamp(v, column.time_zone, arrived)
    return None


def _native_timestamp(v: str, zone: str | None, arrived: pa.DataType) -> str:
    if arrived.unit == "ns":
        exact = f"case when epoch_ns({v}) % 1000 = 0 then {v}::timestamp end"
        return _bounded(exact if arrived.tz else _utc(exact, zone))
    return _bounded(f"timezone('UTC', {v}::timestamptz)" if arrived.tz else _utc(f"{v}::timestamp", zone))


def reason_sql(v: str, column: Column, arrived: pa.DataType, table: Table) -> str:
    """The expression that says why `v` is none of its type, and the mend where there is one."""
    plain = f"not a{'n' if column.type[0] in 'aeiou' else ''} {column.type}"
    s = _trimmed(v, arrived, table)
    if column.type == "json":
        return f"coalesce(case when json_valid({s}) then nullif(json_fault({s}), '') end, {lit(plain)})"
    cases: list[tuple[str, str]] = []
    if column.type in ("integer", "number"):
        cases = _number_reasons(s, column.type, table.decimal == "," and pa.types.is_string(arrived))
    elif column.format and column.format != CUT:
        plain += f" of format {column.format}"
    elif column.type == "date":
        cases = [(f"regexp_matches({s}, '^0[0-9]{{3}}-')", "a year before 1000")]
    elif column.type == "timestamp":
        cases = _timestamp_reasons(s, column)
    whens = " ".join(f"when {condition} then {lit(f'{plain}: {words}')}" for condition, words in cases)
    return f"case {whens} else {lit(plain)} end" if whens else lit(plain)


def _number_reasons(s: str, kind: str, comma: bool) -> list[tuple[str, str]]:
    number = _point_number(s) if comma else s
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
        (f"regexp_matches({s}, ':[0-9]{{2}}[.,][0-9]{{6}}[0-9]+')", f"more than six digits of a second; declare format {CUT} to cut them, or text"),
    ]  # fmt: skip
    if column.time_zone:
        exists = f"try_cast({_plain_clock(s)} as timestamp) is not null"
        local = f"regexp_full_match({s}, '{ODD_LOCAL}') and {exists}"
        out.append((local, f"a time that the clock change in {column.time_zone} skipped"))
    return out


def lit(text: str | None) -> str:
    return "'" + str(text).replace("'", "''") + "'"
