"""What the engine cannot take from Arrow as it is, or would change in silence, as something that it can."""

import json
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

LONG_NUMBER = r"[0-9][0-9.]{16}|[0-9.][eE][+-]?[0-9]{3}"  # in JSON text: perhaps a number that a double does not hold
SECONDS = (-30_610_224_000, 253_402_300_799)  # 1000-01-01 to 9999-12-31
PER_SECOND = {"s": 1, "ms": 1000}
BEYOND = "a time that no calendar holds"


def readable(data: pa.RecordBatch, form: str) -> pa.RecordBatch:
    """The same rows and columns. A time that the engine would end on makes its row one that cannot be read."""
    if form == "json":
        return _exact_numbers(data)
    for place, field in enumerate(data.schema):
        kind, column = field.type, data.column(place)
        if pa.types.is_timestamp(kind) and kind.unit in PER_SECOND:
            data = _without_beyond(data, field.name, PER_SECOND[kind.unit])
        elif pa.types.is_timestamp(kind) and kind.unit == "ns" and kind.tz:
            data = data.set_column(place, field.name, column.cast(pa.timestamp("ns")))  # or its last digits were cut
        elif pa.types.is_decimal256(kind):
            data = data.set_column(place, field.name, column.cast(pa.string()))
        elif pa.types.is_float16(kind):
            data = data.set_column(place, field.name, column.cast(pa.float32()))
    return data


def _without_beyond(data: pa.RecordBatch, name: str, per_second: int) -> pa.RecordBatch:
    place, error = data.schema.get_field_index(name), data.schema.get_field_index("_error")
    column = data.column(place)
    count = column.view(pa.int64())
    inside = pc.and_(pc.greater_equal(count, SECONDS[0] * per_second), pc.less(count, (SECONDS[1] + 1) * per_second))
    if pc.all(inside, min_count=0).as_py():
        return data
    beyond = pc.invert(inside).fill_null(False)
    data = data.set_column(place, name, pc.if_else(beyond, pa.scalar(None, column.type), column))
    return data.set_column(error, "_error", pc.coalesce(data.column(error), pc.if_else(beyond, BEYOND, None)))


def _exact_numbers(data: pa.RecordBatch) -> pa.RecordBatch:
    """A number in JSON that a double does not give back becomes text, digit by digit as it was written."""
    texts = data.column("c0")
    doubtful = pc.match_substring_regex(texts, LONG_NUMBER).fill_null(False)
    if not pc.any(doubtful, min_count=0).as_py():
        return data
    exact = [_exact_text(text) for text in pc.filter(texts, doubtful).to_pylist()]
    texts = pc.replace_with_mask(texts, doubtful, pa.array(exact, pa.string()))
    return data.set_column(data.schema.get_field_index("c0"), "c0", texts)


def _exact_text(text: str) -> str:
    changed = False

    def number(written: str) -> Any:
        nonlocal changed
        if _same(written):
            return float(written)
        changed = True
        return written

    try:
        record = json.loads(text, parse_float=number)
        exact = json.dumps(record, ensure_ascii=False, separators=(",", ":")) if changed else text
        exact.encode()  # half a surrogate pair is no text: the row is refused as it came
    except (ValueError, RecursionError):
        return text
    return exact


def _same(written: str) -> bool:
    """Whether the double gives back the digits."""
    digits = "".join(c for c in written.lower().partition("e")[0] if c.isdigit()).strip("0")
    given = f"{abs(float(written)):.{max(len(digits) - 1, 0)}e}".partition("e")[0].replace(".", "").strip("0")
    return given == digits and len(digits) <= 17
