"""Arrays -> lines of text, a whole day at a time: Arrow's string kernels do the work, no row is ever a Python
object.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_shop import chance
from sample_shop.clock import DAY_SECONDS

LAST_DATE = "2060-01-01"  # the table of dates reaches from 1970 to here
DATES = pa.array(np.datetime_as_string(np.arange("1970-01-01", LAST_DATE, dtype="datetime64[D]")))
TIMES = pa.array([f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(DAY_SECONDS)])
CENTS = pa.array([f".{c:02d}" for c in range(100)])
HEX = np.array([f"{b:02x}" for b in range(256)], "S2")


@dataclass(frozen=True, slots=True)
class Raw:
    """Pieces of JSON that are written as they are, without quotes."""

    pieces: pa.Array


def join(*parts: Any) -> pa.Array:
    """Strings and arrays side by side -> (n,) text; NULL where any of them is."""
    return pc.binary_join_element_wise(*parts, "")


def instants(seconds: np.ndarray, between: str = " ", end: str = "") -> pa.Array:
    """(n,) seconds since 1970 -> (n,) `YYYY-MM-DD HH:MM:SS`, at UTC or whatever clock the seconds were read from."""
    seconds = np.asarray(seconds, np.int64)
    return join(DATES.take(pa.array(seconds // DAY_SECONDS)), between, TIMES.take(pa.array(seconds % DAY_SECONDS)), end)


def iso(seconds: np.ndarray, millis: int) -> pa.Array:
    """(n,) seconds -> (n,) `YYYY-MM-DDTHH:MM:SS.mmmZ`; the same milliseconds for all, they carry no meaning here."""
    return instants(seconds, "T", f".{millis:03d}Z")


def money(cents: np.ndarray) -> pa.Array:
    """(n,) whole cents, not negative -> (n,) `12.34`."""
    cents = np.asarray(cents, np.int64)
    return join(numbers(cents // 100), CENTS.take(pa.array(cents % 100)))


def numbers(values: np.ndarray, width: int = 0) -> pa.Array:
    """(n,) integers -> (n,) text, with leading zeros up to `width`."""
    text = pc.cast(pa.array(values), pa.string())
    return pc.utf8_lpad(text, width, "0") if width else text


def keys(prefix: str, values: np.ndarray, width: int = 7) -> pa.Array:
    return join(prefix, numbers(values, width))


def hex_ids(values: np.ndarray, salt: int) -> pa.Array:
    """(n,) integers -> (n,) ids of sixteen hexadecimal digits that look random; different numbers, different ids."""
    x = chance.scattered(values, salt)
    return pc.cast(pa.array(HEX[np.ascontiguousarray(x).view(np.uint8)].view("S16")), pa.string())


def pick(table: pa.Array, index: np.ndarray, is_known: np.ndarray | None = None) -> pa.Array:
    """(k,) table, (n,) places in it -> (n,) values; NULL where `known` is false."""
    mask = None if is_known is None else ~is_known
    return table.take(pa.array(index, mask=mask))


def where(condition: np.ndarray, then: Any, otherwise: Any) -> pa.Array:
    return pc.if_else(pa.array(condition), then, otherwise)


def nulls(count: int) -> pa.Array:
    return pa.nulls(count, pa.string())


def json_lines(fields: dict[str, Any]) -> pa.Array:
    """Constants, arrays and nested dicts of them -> (n,) lines of JSON. Text must need no escaping: ours does not."""
    return join(*_merged(_pieces(fields)), "\n")


def _pieces(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for number, (key, inner) in enumerate(value.items()):
            yield ("{" if number == 0 else ",") + json.dumps(key) + ":"
            yield from _pieces(inner)
        yield "}"
    elif isinstance(value, Raw):
        yield value.pieces
    elif isinstance(value, np.ndarray):
        yield numbers(value)
    elif isinstance(value, pa.Array | pa.ChunkedArray):
        if pa.types.is_integer(value.type):
            yield pc.fill_null(pc.cast(value, pa.string()), "null")
        elif value.null_count:
            yield pc.coalesce(join('"', value, '"'), "null")
        else:
            yield from ('"', value, '"')
    else:
        yield json.dumps(value)


def _merged(pieces: Iterable[Any]) -> Iterator[Any]:
    """Neighbouring constants as one: every piece costs a pass over the rows."""
    buffer = ""
    for piece in pieces:
        if isinstance(piece, str):
            buffer += piece
        else:
            yield from ([buffer] if buffer else [])
            buffer = ""
            yield piece
    if buffer:
        yield buffer


def csv_lines(columns: dict[str, Any], delimiter: str = ",", free: tuple[str, ...] = ()) -> pa.Array:
    """Columns -> (n,) lines of CSV; an empty field is a NULL. Only columns named in `free` may need quotes."""
    parts: list[Any] = []
    for name, value in columns.items():
        text = numbers(value) if isinstance(value, np.ndarray) else value
        if not isinstance(text, str):
            text = pc.fill_null(text, "") if text.null_count else text
            text = _quoted(text, delimiter) if name in free else text
        parts += [text, delimiter]
    return join(*_merged([*parts[:-1], "\n"]))


def _quoted(text: pa.Array, delimiter: str) -> pa.Array:
    unsafe = pc.match_substring_regex(text, f'[{delimiter}"\\n\\r]')
    return pc.if_else(unsafe, join('"', pc.replace_substring(text, '"', '""'), '"'), text)


def body(lines: pa.Array) -> memoryview:
    """The bytes of all lines in a row, without a copy: that is how Arrow holds them."""
    if isinstance(lines, pa.ChunkedArray):
        lines = lines.combine_chunks()
    if len(lines) == 0:
        return memoryview(b"")
    offsets = np.frombuffer(lines.buffers()[1], np.int32)[lines.offset : lines.offset + len(lines) + 1]
    return memoryview(lines.buffers()[2])[int(offsets[0]) : int(offsets[-1])]
