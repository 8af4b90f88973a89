"""Somebody else's read, held to a time and a size: while it lasts nobody writes, and what it gives is held in
memory.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from core.engines.driver_calls import DriverCalls
from core.errors import ConfigError
from core.settings import Settings

MOST_BYTES = 64 * 1024**2  # as Arrow; as Python's and JSON's it is a multiple
BATCH_ROWS = 2048
DAY_MICROSECONDS = 86_400_000_000


class Infinities(NamedTuple):
    """The numbers by which a driver says `infinity` and `-infinity` in a column of days or times, which hold
    neither.
    """

    days: tuple[int, int]
    times: tuple[int, int]


def limited_read(
    settings: Settings, calls: DriverCalls, open_reader: Callable[[], Any], cancel: Callable[[], None]
) -> pa.Table:
    """All rows of a reader.

    Raises ConfigError when they are too many or take too long; a signal ends it within a second.
    """
    limits = settings.warehouse

    def read() -> pa.Table:
        batches, rows, size = [], 0, 0
        with open_reader() as reader:  # closed also where an error keeps this frame: an open one keeps DuckDB's file
            for batch in reader:
                rows, size = rows + batch.num_rows, size + batch.nbytes
                _refuse(rows, size, limits.look_rows)
                batches.append(batch)
            return pa.Table.from_batches(batches, schema=reader.schema)

    def timeout_error() -> ConfigError:
        return ConfigError(
            f"The query took longer than {limits.look_seconds:g} s and was ended: while it reads nobody writes. "
            "Ask for less, or raise warehouse.look_seconds."
        )

    return calls.call(read, cancel, limits.look_seconds, timeout_error)


def named_ends(table: pa.Table, signs: Infinities) -> pa.Table:
    """A column of days or times that holds an infinity, or of hours that holds 24:00, as text: in Python the one is
    some other day, the other midnight at the day's beginning.
    """
    for place, field in enumerate(table.schema):
        if pa.types.is_date32(field.type) or pa.types.is_timestamp(field.type):
            plus, minus = signs.days if pa.types.is_date32(field.type) else signs.times
            ends = {plus: "infinity", minus: "-infinity"}
        elif pa.types.is_time64(field.type) and field.type.unit == "us":
            ends = {DAY_MICROSECONDS: "24:00:00"}
        else:
            continue
        numbers = table.column(place).cast(pa.int32() if pa.types.is_date32(field.type) else pa.int64())
        found = {number: name for number, name in ends.items() if pc.any(pc.equal(numbers, number)).as_py()}
        if found:
            texts = table.column(place).cast(pa.string())
            for number, name in found.items():
                texts = pc.if_else(pc.equal(numbers, number), name, texts)
            table = table.set_column(place, field.name, texts)
    return table


def _refuse(rows: int, size: int, row_limit: int) -> None:
    mend = f"Count or sum instead of listing, or end it with `limit {row_limit}` or less."
    if rows > row_limit:
        raise ConfigError(f"The query gives more than {row_limit:,} rows (warehouse.look_rows). {mend}")
    if size > MOST_BYTES:
        raise ConfigError(f"The query gives more than {MOST_BYTES // 1024**2} MiB. {mend} Or name fewer columns.")
