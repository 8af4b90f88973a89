"""Where each row is from, beside its columns: the shape that every kind gives."""

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

GIANT_BYTES = 8 << 20  # of one value


def place_rows(
    columns: list[pa.Array], lines: np.ndarray, name: str, day: date, errors: pa.Array, texts: pa.Array
) -> pa.RecordBatch:
    """Put where each row is from beside its columns, in the shape `Reading` promises.

    A row with a giant value is refused.
    """
    count = len(lines)
    columns, errors = _without_giants(columns, errors)
    places = [
        pa.repeat(pa.scalar(name, pa.string()), count),
        pa.array(lines, pa.int64()),
        pa.repeat(pa.scalar(day, pa.date32()), count),
    ]
    names = [f"c{i}" for i in range(len(columns))] + ["_origin", "_line", "_day", "_error", "_raw"]
    return pa.RecordBatch.from_arrays([*columns, *places, errors, texts], names=names)


def _without_giants(columns: list[pa.Array], errors: pa.Array) -> tuple[list[pa.Array], pa.Array]:
    """A value of megabytes is nobody's attribute; a few would fill the memory of the step that types them."""
    if all(column.nbytes <= GIANT_BYTES for column in columns):
        return columns, errors
    giant = pa.array(np.zeros(len(errors), bool))
    for column in columns:
        if pa.types.is_string(column.type) or pa.types.is_binary(column.type):
            giant = pc.or_(giant, pc.fill_null(pc.greater(pc.binary_length(column), GIANT_BYTES), False))
    if not pc.any(giant).as_py():
        return columns, errors
    reason = pa.scalar(f"a value longer than {GIANT_BYTES >> 20} MB")
    kept_columns = [pc.if_else(giant, pa.scalar(None, column.type), column) for column in columns]
    return kept_columns, pc.if_else(giant, reason, errors)
