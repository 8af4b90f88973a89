"""Parquet in pieces of bounded size: one long text, named by each of a million rows, is a file of some bytes."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors.kinds.streams import HARMLESS_BYTES, MOST_RATIO
from core.errors import FatalError, RetryableError

BATCH_ROWS = 50_000  # wide rows stay within some tens of megabytes
NESTED_ROWS = 1_000  # texts in lists are unpacked by the library before they can be measured
PIECE_BYTES = 32 << 20
WORD_BYTES = 64  # a status or a country stands in every row, and packs to nothing; only longer texts make a bomb
TEXTS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)


def opened(handle: Any, name: str) -> pq.ParquetFile:
    """The file, its texts as dictionaries, whose size can be told before they are unpacked."""
    try:
        schema = pq.ParquetFile(handle).schema
        texts = [c.path for c in map(schema.column, range(len(schema.names))) if _is_text(c) and _is_flat(c)]
        return pq.ParquetFile(handle, read_dictionary=texts)
    except pa.ArrowInvalid as error:
        raise RetryableError(f"{name} is cut short or no Parquet ({error}): nothing of it was taken.") from None


def columns(table: pq.ParquetFile, file_bytes: int) -> Iterator[tuple[list[pa.Array], int]]:
    """The columns of some rows after the other, in types that the engine has a name for; and how many rows.

    Raises FatalError where the texts come to hundreds of times the file.
    """
    leaves = list(map(table.schema.column, range(len(table.schema.names))))
    rows = BATCH_ROWS if all(_is_flat(leaf) for leaf in leaves if _is_text(leaf)) else NESTED_ROWS
    unpacked_bytes = 0
    for batch in table.iter_batches(rows):
        unpacked_bytes += sum(_text_bytes(column, WORD_BYTES) for column in batch.columns)
        if unpacked_bytes > HARMLESS_BYTES and unpacked_bytes > MOST_RATIO * file_bytes:
            raise FatalError(
                f"its texts come to more than {MOST_RATIO} times its size: that is no table. Write it as CSV or JSON "
                "if it is one."
            )
        for piece in _pieces(batch):
            yield [_for_the_engine(column) for column in piece.columns], piece.num_rows


def _is_text(leaf: Any) -> bool:
    return bool(leaf.physical_type == "BYTE_ARRAY")


def _is_flat(leaf: Any) -> bool:
    return "." not in leaf.path or leaf.path == leaf.name


def _pieces(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Halves and quarters, until each is small or one row."""
    if batch.num_rows < 2 or sum(_text_bytes(column) for column in batch.columns) <= PIECE_BYTES:
        yield batch
        return
    half = batch.num_rows // 2
    yield from _pieces(batch.slice(0, half))
    yield from _pieces(batch.slice(half))


def _text_bytes(column: pa.Array, but: int = 0) -> int:
    """What its texts take when they are unpacked, less `but` of each."""
    kind = column.type
    if pa.types.is_struct(kind):
        return sum(_text_bytes(field, but) for field in column.flatten())
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _text_bytes(column.flatten(), but)
    texts = column.dictionary if pa.types.is_dictionary(kind) else column
    if not any(is_text(texts.type) for is_text in TEXTS):
        return 0
    lengths = pc.subtract(pc.binary_length(texts).cast(pa.int64()), pa.scalar(but, pa.int64()))
    lengths = pc.max_element_wise(lengths, pa.scalar(0, pa.int64()))
    return pc.sum(pc.take(lengths, column.indices) if pa.types.is_dictionary(kind) else lengths).as_py() or 0


def _for_the_engine(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        return _for_the_engine(column.dictionary_decode())
    if pa.types.is_decimal256(column.type) or isinstance(column.type, pa.Decimal32Type | pa.Decimal64Type):
        return pa.array([None if v is None else format(v, "f") for v in column.to_pylist()], pa.string())
    if pa.types.is_float16(column.type):
        return column.cast(pa.float32())
    return column
