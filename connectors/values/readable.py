"""What the engine cannot take from Arrow as it is, or would change in silence, as something that it can."""

import pyarrow as pa
import pyarrow.compute as pc

from connectors.values.json_text import Keeping, refused

SECONDS = (-30_610_224_000, 253_402_300_799)  # 1000-01-01 to 9999-12-31
PER_SECOND = {"s": 1, "ms": 1000}
BEYOND = "a time that no calendar holds"


def readable(data: pa.RecordBatch, json: Keeping | None) -> pa.RecordBatch:
    """The same rows and columns. A time that the engine would end on makes its row one that cannot be read."""
    if json is not None:
        return _exact(data, json)
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


def _exact(data: pa.RecordBatch, keeping: Keeping) -> pa.RecordBatch:
    """A JSON number that the engine would change becomes its text; a row that it reads too leniently is refused."""
    texts = data.column("c0")
    doubtful = pc.match_substring_regex(texts, keeping.doubtful).fill_null(False)
    if not pc.any(doubtful, min_count=0).as_py():
        return data
    exact, reasons = zip(*map(keeping.exact, pc.filter(texts, doubtful).to_pylist()), strict=True)
    none = pa.nulls(data.num_rows, pa.string())
    data = refused(data, pc.replace_with_mask(none, doubtful, pa.array(reasons, pa.string())))
    texts = pc.replace_with_mask(texts, doubtful, pa.array(exact, pa.string()))
    return data.set_column(data.schema.get_field_index("c0"), "c0", texts)
