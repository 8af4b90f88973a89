"""What a payload is worth in one hash, and how its columns look to a channel. The only place that knows either."""

from collections.abc import Mapping
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from core.warehouse import Warehouse

LONGEST_DECIMAL = 38  # digits of Arrow's decimal128
UNKNOWN = "00000000-0000-0000-0000-000000000000"  # a delivered_hash that equals no hash: something of ours may be there

PART = "~"  # in the idempotency key of a part of a batch that was cut: <key of the whole>~<first row>+<rows>
# Left the audience and stays there with the exit's values: ours, but no member.
EXITED = "eeeeeeee-eeee-eeee-eeee-eeeeeeeeeeee"


def payload_hash(columns: Mapping[str, str], mapping_hash: str, alias: str) -> str:
    """SQL for 128 bits (a uuid) over the mapped columns only: canonical, NULL-safe, the same in every engine.

    Each value is written with its length before it, NULL as length -1, so that no two payloads read alike:
    ('a', 'bc') and ('ab', 'c'), NULL and '' and 'NULL' differ. The mapping is in it too: a renamed field is a change.
    """
    parts = [f"coalesce(length({c}), -1), ':', {c}" for c in _texts(columns, alias)]
    return f"cast(md5(concat('{mapping_hash}', {', '.join(parts)})) as uuid)"


def quick_hash(db: Warehouse, columns: Mapping[str, str], mapping_hash: str, alias: str) -> str:
    """SQL for the engine's own 64-bit hash of the same columns, eight times as fast; equal hashes mean equal rows.

    It may change with the engine's version and so never decides that somebody has changed: where it differs the
    payload hash is computed and has the last word.
    """
    return db.row_hash([f"cast('{mapping_hash}' as varchar)", *(f"{alias}.{column}" for column in columns.values())])


def _texts(columns: Mapping[str, str], alias: str) -> list[str]:
    """The mapped columns as text, ordered by field name: the order of lines in a sync file is no change."""
    return [f"cast({alias}.{columns[name]} as varchar)" for name in sorted(columns)]


def plain(table: pa.Table) -> pa.Table:
    """Columns as every channel can write them: text, whole numbers, numbers, truth; instants as ISO 8601 in UTC."""
    return pa.table({name: _plain(table[name]) for name in table.column_names})


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_timestamp(kind):
        return pc.strftime(column.cast(pa.timestamp("s"), safe=False), format="%Y-%m-%dT%H:%M:%SZ")
    if pa.types.is_boolean(kind) or kind in (pa.int64(), pa.string()):
        return column
    if pa.types.is_integer(kind):
        return column.cast(pa.int64(), safe=False)
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        number = _number(column)
        return pc.if_else(pc.is_finite(number), number, pa.scalar(None, pa.float64()))
    return column.cast(pa.string())


def _number(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The nearest double, so that up to 15 significant digits print as they came. Arrow's own cast of a decimal
    misses it: 22.90 came out as 22.900000000000002, one in eight amounts so. A whole number of cents is exact, and
    dividing it rounds rightly."""
    kind = column.type
    if not pa.types.is_decimal(kind) or kind.scale <= 0:
        return column.cast(pa.float64())
    if kind.precision + kind.scale + 2 > LONGEST_DECIMAL:
        return column.cast(pa.string()).cast(pa.float64())  # right too, and slow
    whole = pc.multiply(column, pa.scalar(Decimal(10**kind.scale), pa.decimal128(kind.scale + 1, 0)))
    return pc.divide(whole.cast(pa.decimal128(LONGEST_DECIMAL, 0)).cast(pa.float64()), float(10**kind.scale))
