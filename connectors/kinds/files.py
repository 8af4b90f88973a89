"""Files: CSV, TSV, JSON lines, Parquet, packed or not, here or at any fsspec URL.

One file a day, or all that are new.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from connectors.header import judge
from connectors.kinds import delimited, parquet
from connectors.kinds.delimited import BLOCK_BYTES, LARGEST_BLOCK_BYTES, BrokenLine, Dialect, StraddlesError
from connectors.kinds.json_keys import KeyWatch
from connectors.kinds.rows import place_rows
from connectors.kinds.storage import StoredFile, files_of, filesystem, reaching, size
from connectors.kinds.streams import (
    DIALECT_BYTES,
    SAMPLE_BYTES,
    Bounded,
    Text,
    detect_delimiter,
    in_utf8,
    take_delimiter,
    take_header,
    unique_names,
    unpacked,
)
from connectors.reading import Batch, Reading, Request
from connectors.source import Table
from core.errors import ConfigError, FatalError

FORMATS = {"csv": "csv", "txt": "csv", "tsv": "tsv", "tab": "tsv", "jsonl": "jsonl", "ndjson": "jsonl", "json": "jsonl",
           "parquet": "parquet", "pq": "parquet"}  # fmt: skip
GATHERED_ROWS = 20_000  # enough that a batch costs little, few enough to stay in the cache
LINES = Dialect("\x01", None)  # no JSON text holds a raw control character, so nothing is ever cut


def read(request: Request) -> Reading:
    with reaching(request.source):
        system, root = filesystem(request)
        stored = files_of(request, system, root)
    reading = Reading(iter(()), files={f.name: (f.fingerprint, f.day) for f in stored})
    watch = KeyWatch(request.table)
    pieces = (batch for file in stored for batch in _read_file(file, system, request, reading))
    reading.batches = (watch.batch(b.data) if b.form == "json" else b for b in gathered(pieces))
    return reading


def head_of(request: Request) -> bytes:
    """The first bytes of the first file, unpacked; none of Parquet, which is no text."""
    with reaching(request.source):
        system, root = filesystem(request)
        stored = files_of(request, system, root)
        if not stored or format_of(stored[0].name, request.table.format) == "parquet":
            return b""
        first = stored[0]
        with Bounded(system.open(first.address, "rb"), first.size, lambda: False, is_cut=False) as raw:
            return unpacked(raw, first.name).peek(SAMPLE_BYTES)


def gathered(batches: Iterator[Batch]) -> Iterator[Batch]:
    """Small batches of one shape become larger ones: hundreds of daily files cost what one large file does."""
    pending: list[Batch] = []
    for batch in batches:
        if pending and (_shape(batch) != _shape(pending[0]) or sum(b.data.num_rows for b in pending) >= GATHERED_ROWS):
            yield Batch(pending[0].header, pa.concat_batches([b.data for b in pending]), pending[0].form)
            pending = []
        pending.append(batch)
    if pending:
        yield Batch(pending[0].header, pa.concat_batches([b.data for b in pending]), pending[0].form)


def _shape(batch: Batch) -> tuple[Any, ...]:
    return batch.header, batch.form, batch.data.schema


def format_of(name: str, declared: str | None = None) -> str:
    """The format a file's name tells. Raises ConfigError for an unknown ending."""
    if declared:
        return declared
    parts = [p for p in name.lower().split(".") if p not in ("gz", "zst")]
    if parts[-1] not in FORMATS:
        raise ConfigError(f"{name}: the name does not tell the format. Declare `format`: csv, tsv, jsonl or parquet.")
    return FORMATS[parts[-1]]


def _read_file(file: StoredFile, system: Any, request: Request, reading: Reading) -> Iterator[Batch]:
    kind = format_of(file.name, request.table.format)
    if file.size == 0:
        return
    reading.at = file.name
    try:
        with reaching(file.name):
            for batch in (
                _parquet(file, system, request, reading)
                if kind == "parquet"
                else _text(file, system, request, kind, reading)
            ):
                request.patience.alive()
                yield batch
    except FatalError as error:
        raise FatalError(f"{file.name}: {error}") from None


def _open(file: StoredFile, system: Any, table: Table, reading: Reading, kind: str) -> Text:
    packed = file.name.endswith((".gz", ".zst"))
    raw = Bounded(
        system.open(file.address, "rb"), file.size, lambda: size(system, file.address) > file.size, is_cut=not packed
    )
    text = in_utf8(unpacked(raw, file.name), table.encoding, quoted=kind != "jsonl")
    if text.detected:
        _report(reading, "encoding", text.encoding, file.name)
    return text


def _text(file: StoredFile, system: Any, request: Request, kind: str, reading: Reading) -> Iterator[Batch]:
    """A file of lines; it is read again from the row that does not fit into a block, with larger blocks."""
    first_line, block = 1, BLOCK_BYTES
    while True:
        text = _open(file, system, request.table, reading, kind)
        try:
            yield from _batches_of_text(text, file, request, kind, reading, first_line, block)
            return
        except StraddlesError as straddle:
            if block == LARGEST_BLOCK_BYTES:
                raise FatalError(
                    f"line {straddle.line}: a row longer than 64 MB, or a quote that is never closed "
                    f"({straddle.reason})."
                ) from None
            first_line, block = straddle.line, LARGEST_BLOCK_BYTES
        finally:
            text.stream.close()


def _batches_of_text(
    text: Text, file: StoredFile, request: Request, kind: str, reading: Reading, first_line: int, block: int
) -> Iterator[Batch]:
    """The rows from `first_line` on, and those that could not be cut; nothing of a file without a header."""
    stream, ends = text.stream, text.ends
    head = _Head(LINES, ("text",), 0) if kind == "jsonl" else _head(text, file, request, kind, reading)
    if not head.names:
        return
    first_line = max(first_line, head.line_count + 1)
    _skip_lines(stream, first_line - 1 - head.line_count)
    for columns, lines, broken_lines in delimited.rows(stream, len(head.names), head.dialect, first_line, block):
        broken_lines = [replace(b, text=ends.text_back(b.text)) for b in broken_lines]
        for data in (
            _batch(list(map(ends.restored, columns)), lines, file),
            _broken_rows(broken_lines, len(head.names), file),
        ):
            if data.num_rows:
                yield Batch((), data, "json") if kind == "jsonl" else Batch(head.names, data)


class _Head(NamedTuple):
    """How a file's lines are cut, the names of its columns, and how many lines stand before its first row."""

    dialect: Dialect
    names: tuple[str, ...]
    line_count: int


def _head(text: Text, file: StoredFile, request: Request, kind: str, reading: Reading) -> _Head:
    """Take the header off the stream. Raises FatalError where it is another table's than the declared one's."""
    stream = text.stream
    named_delimiter = take_delimiter(stream)
    above_count = request.table.header_line - 1
    _skip_lines(stream, above_count)
    dialect = _dialect(stream.peek(SAMPLE_BYTES), request.table, kind, file, reading, named_delimiter)
    if request.table.header:
        return _Head(dialect, tuple(request.table.header), int(named_delimiter is not None))
    names, line_count = take_header(stream, dialect.delimiter, str(dialect.quote))
    line_count += above_count + (named_delimiter is not None)
    request.refuse_strangers(name.strip() for name in names)
    header = unique_names([text.ends.text_back(name) for name in names])
    if header:
        judge(request, header, reading.warnings)
    return _Head(dialect, header, line_count)


def _skip_lines(stream: Any, count: int) -> None:
    while count > 0:
        block = stream.peek(SAMPLE_BYTES)
        if not block:
            return
        newline_count = block.count(b"\n")
        if newline_count < count:
            stream.skip(len(block))
            count -= newline_count
            continue
        ends = np.flatnonzero(np.frombuffer(block, np.uint8) == 10)
        stream.skip(int(ends[count - 1]) + 1)
        return


def _dialect(
    sample: bytes, table: Table, kind: str, file: StoredFile, reading: Reading, named_delimiter: str | None
) -> Dialect:
    delimiter = table.delimiter or named_delimiter or ("\t" if kind == "tsv" else None)
    if delimiter is None:
        declared = {c.source or name for name, c in table.columns.items()}
        delimiter = detect_delimiter(sample[:DIALECT_BYTES].decode("utf-8", "replace"), declared)
    if not table.delimiter and (named_delimiter or kind != "tsv"):
        _report(reading, "delimiter", delimiter, file.name)
    return Dialect(delimiter, table.quote)


def _report(reading: Reading, trait: str, value: str, name: str) -> None:
    """Keep what was found; where files differ, each other finding beside the file it is from."""
    first = reading.detected.setdefault(trait, value)
    if first != value:
        reading.detected.setdefault(f"{trait}_differs", {})[name] = value


def _parquet(file: StoredFile, system: Any, request: Request, reading: Reading) -> Iterator[Batch]:
    with system.open(file.address, "rb") as handle:
        table = parquet.opened(handle, file.name)
        request.refuse_strangers(table.schema_arrow.names)
        header = unique_names(table.schema_arrow.names)
        if header:
            judge(request, header, reading.warnings)
        line = 1
        for columns, row_count in parquet.columns(table, file.size):
            lines = np.arange(line, line + row_count)
            line += row_count
            yield Batch(header, _batch(columns, lines, file))


def _batch(columns: list[pa.Array], lines: np.ndarray, file: StoredFile) -> pa.RecordBatch:
    count = len(lines)
    return place_rows(columns, lines, file.name, file.day, pa.nulls(count, pa.string()), pa.nulls(count, pa.string()))


def _broken_rows(broken_lines: list[BrokenLine], width: int, file: StoredFile) -> pa.RecordBatch:
    columns = [pa.nulls(len(broken_lines), pa.string())] * width
    lines = np.array([b.line for b in broken_lines], np.int64)
    texts = pa.array([b.text for b in broken_lines], pa.string())
    return place_rows(
        columns, lines, file.name, file.day, pa.array([b.reason for b in broken_lines], pa.string()), texts
    )
