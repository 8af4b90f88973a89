"""Dates and instants: SQL that reads each way of writing them that is taken, by declaration or by its shape, as UTC."""

import re

import pyarrow as pa

from connectors.column import Column
from connectors.values.grammar import (
    CUT,
    EARLIEST,
    EPOCH_MILLISECONDS,
    EPOCH_SECONDS,
    EPOCHS,
    FIRST_EPOCH,
    INSTANT,
    LAST_EPOCH,
    LATEST,
    LOCAL,
    ODD_INSTANT,
    ODD_LOCAL,
    OFFSET,
)
from connectors.values.texts import lit, without_words


def patterned_date(s: str, column: Column) -> str:
    pattern, s = column.format, without_words(s, column)
    day = f"try_strptime({s}, {lit(pattern)})::date"
    same = _same_text(f"{day}::timestamp", pattern, s)
    return f"case when year({day}) between 1000 and 9999 and {same} then {day} end"


def _same_text(moment: str, pattern: str | None, s: str) -> str:
    """What was read, written back by its pattern, is what came, but for leading zeros, letters' case and spaces."""
    bare = "regexp_replace(regexp_replace(lower({0}), '(^|[^0-9])0+([0-9])', '\\1\\2', 'g'), ' ', '', 'g')"
    if re.search("%[fgn]", str(pattern)):
        bare = f"regexp_replace({bare}, '(\\.[0-9]*?)0+([^0-9]|$)', '\\1\\2')"
    return f"{bare.format(f'strftime({moment}, {lit(pattern)})')} = {bare.format(s)}"


def timestamp(s: str, column: Column) -> str:
    if column.format in EPOCHS:
        digits_pattern, unit = EPOCHS[column.format]
        moment = _bounded(_since_1970(s, unit), FIRST_EPOCH, LAST_EPOCH)
        return f"case when regexp_full_match({s}, '{digits_pattern}') then {moment} end"
    if column.format == CUT:
        s = f"regexp_replace({s}, '([.,][0-9]{{6}})[0-9]+', '\\1')"
    elif column.format:
        return _patterned(without_words(s, column), column.format, column.time_zone)
    plain = f"try_cast({s} as timestamp)"
    odd = f"try_cast({plain_clock(s)} as timestamp)"
    return (
        f"case when regexp_full_match({s}, '{LOCAL}') then {_utc(plain, column.time_zone)}"
        f" when regexp_full_match({s}, '{INSTANT}') then {plain}"
        f" when regexp_full_match({s}, '{ODD_INSTANT}') then {_bounded(f'{odd} - {_offset(s)}')}"
        f" when regexp_full_match({s}, '{ODD_LOCAL}') then {_utc(odd, column.time_zone)}"
        f" when regexp_full_match({s}, '{EPOCH_SECONDS}') then {_since_1970(s, 1_000_000)}"
        f" when regexp_full_match({s}, '{EPOCH_MILLISECONDS}') then {_since_1970(s, 1000)} end"
    )


def plain_clock(s: str) -> str:
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


def native_timestamp(v: str, zone: str | None, arrived_type: pa.DataType) -> str:
    if arrived_type.unit == "ns":
        exact = f"case when epoch_ns({v}) % 1000 = 0 then {v}::timestamp end"
        return _bounded(exact if arrived_type.tz else _utc(exact, zone))
    return _bounded(f"timezone('UTC', {v}::timestamptz)" if arrived_type.tz else _utc(f"{v}::timestamp", zone))
