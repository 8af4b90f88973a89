"""Delimited text to Arrow: every row with its true first line, and no line lost in silence.

pyarrow cuts the lines; what it cannot cut comes back as rows with `_error`. A quote that never closes swallows the
lines behind it in any CSV reader: here only its own line is rejected and the others are read again.
"""

import csv
import io
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from connectors.kinds import line_ends
from connectors.kinds.quotes import REASON, Quotes
from connectors.kinds.streams import Pull
from core.errors import FatalError

BLOCK_BYTES = 4 << 20  # pyarrow reads by blocks; a row must fit into one
LARGEST_BLOCK_BYTES = 64 << 20  # a row longer than this is no row
AFTER = "\x1d"  # a line behind the last one: a quote that is still open swallows it
MOST_REREADS = 1000  # of swallowed lines in one file; a file with more is not CSV


@dataclass(frozen=True)
class Dialect:
    delimiter: str
    quote: str | None  # None: lines are not cut (JSON lines)


@dataclass(frozen=True)
class BrokenLine:
    """A line that could not be cut: its place, its text and why."""

    line: int
    text: str
    reason: str


class StraddlesError(Exception):
    """A block could not be cut, most likely since a row is longer; `line` is where to start again with larger ones."""

    def __init__(self, line: int, reason: str) -> None:
        self.line, self.reason = line, reason


Piece = tuple[list[pa.Array], np.ndarray, list[BrokenLine]]  # columns (text), first lines, what was broken


def rows(
    stream: Pull, width: int, dialect: Dialect, first_line: int, block_bytes: int = BLOCK_BYTES
) -> Iterator[Piece]:
    """Cut a stream without its header into rows of `width` columns.

    Raises StraddlesError when a row is longer than a block.
    """
    if not stream.peek(1):
        return
    quotes = Quotes(dialect.delimiter, dialect.quote, first_line) if dialect.quote else None
    tail = _Tail(stream, block_bytes, quotes)
    cutter = _Cutter(width, dialect, first_line, quotes)
    reader = _open(tail, width, dialect, block_bytes, cutter)
    last = yield from _all_but_the_last(reader, cutter)
    swallowed_lines: list[tuple[int, str]] = []
    if last is not None:
        text = tail.unterminated(last, dialect) if dialect.quote and last.num_rows else None
        yield cutter.piece(last if text is None else last.slice(0, last.num_rows - 1))
        swallowed_lines += [] if text is None else [(cutter.line, text)]
    yield cutter.rest()
    yield from _reread(swallowed_lines + cutter.swallowed, width, dialect)


def _all_but_the_last(reader: Any, cutter: "_Cutter") -> Generator[Piece, None, pa.RecordBatch | None]:
    """The pieces of all batches but the last, which is given back: its end may be a quote that is still open."""
    previous: pa.RecordBatch | None = None
    while True:
        try:
            batch = reader.read_next_batch()
        except StopIteration:
            return previous
        except pa.ArrowInvalid as error:
            if previous is not None:
                yield cutter.piece(previous)
            raise StraddlesError(cutter.line, str(error)) from None
        if previous is not None:
            yield cutter.piece(previous)
        previous = batch


def _reread(swallowed_lines: list[tuple[int, str]], width: int, dialect: Dialect) -> Iterator[Piece]:
    """Refuse each line whose quote never closes, and cut again the lines that it swallowed."""
    rereads = 0
    while swallowed_lines:
        line, text = swallowed_lines.pop()
        broken_line, _, lines_behind = text.partition("\n")
        yield (
            _none(width),
            np.empty(0, np.int64),
            [BrokenLine(line, broken_line, "a quote that is never closed, or text behind a closing quote")],
        )
        if lines_behind and (rereads := rereads + 1) > MOST_REREADS:
            raise FatalError(
                f"line {line}: more than {MOST_REREADS} lines with stray quotes. Declare the file's `quote`."
            )
        if lines_behind:
            yield from rows(_of(lines_behind.encode()), width, dialect, line + 1, LARGEST_BLOCK_BYTES)


def _open(stream: Any, width: int, dialect: Dialect, block_bytes: int, cutter: "_Cutter") -> Any:
    names = [f"c{i}" for i in range(width)]
    try:
        return pa_csv.open_csv(
            stream,
            pa_csv.ReadOptions(use_threads=False, block_size=block_bytes, column_names=names),
            pa_csv.ParseOptions(
                delimiter=dialect.delimiter,
                quote_char=dialect.quote or False,
                double_quote=bool(dialect.quote),
                newlines_in_values=bool(dialect.quote),
                ignore_empty_lines=False,
                invalid_row_handler=cutter.broken,
            ),
            pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, check_utf8=False
            ),
        )
    except pa.ArrowInvalid as error:
        raise StraddlesError(cutter.line, str(error)) from None


class _Cutter:
    """Counts lines: pyarrow numbers the records, a quoted newline makes a record longer than a line."""

    def __init__(self, width: int, dialect: Dialect, first_line: int, quotes: Quotes | None) -> None:
        self.quotes = quotes
        self.width, self.dialect, self.line, self.record = width, dialect, first_line, 1
        self.waiting: list[tuple[int, str, int]] = []  # broken records not yet passed: number, text, fields
        self.swallowed: list[tuple[int, str]] = []  # broken records over several lines: first line, text

    def broken(self, row: Any) -> str:
        self.waiting.append((row.number, row.text, row.actual_columns))
        return "skip"

    def piece(self, batch: pa.RecordBatch) -> Piece:
        """Give the batch's rows their lines; blank ones (and such with nothing but delimiters) are not rows."""
        count, numbers = batch.num_rows, [w[0] for w in self.waiting]
        records = np.arange(self.record, self.record + count + len(numbers))
        records = records[~np.isin(records, numbers)][:count] if numbers else records
        end = int(records[-1]) + 1 if count else self.record
        passed = [w for w in self.waiting if w[0] < end]
        self.waiting = self.waiting[len(passed) :]
        inner = _newlines(batch) if self.dialect.quote else None
        lines, broken_lines = self._lines(records, inner, passed, end)
        keep = _not_blank(batch)
        spoilt = self.quotes.among(lines) if self.quotes else None
        if spoilt is not None:
            keep = ~spoilt if keep is None else keep & ~spoilt
        columns = batch.columns if keep is None else [c.filter(pa.array(keep)) for c in batch.columns]
        return (
            columns,
            lines if keep is None else lines[keep],
            self._judge(passed, broken_lines) + self._spoilt(lines, spoilt),
        )

    def rest(self) -> Piece:
        passed, self.waiting = self.waiting, []
        end = passed[-1][0] + 1 if passed else self.record
        _, broken_lines = self._lines(np.empty(0, np.int64), None, passed, end)
        return _none(self.width), np.empty(0, np.int64), self._judge(passed, broken_lines)

    def _lines(
        self, records: np.ndarray, inner: np.ndarray | None, passed: list[Any], end: int
    ) -> tuple[np.ndarray, list[int]]:
        start, base = self.record, self.line
        self.record = end
        if inner is None and not passed:
            self.line = base + end - start
            return base + (records - start), []
        longer = np.zeros(end - start, np.int64)  # line breaks inside each record
        if inner is not None:
            longer[records - start] = inner
        for number, text, _ in passed:
            longer[number - start] = text.count("\n")
        before = np.concatenate([[0], np.cumsum(longer + 1)])
        self.line = base + int(before[-1])
        return base + before[records - start], [base + int(before[number - start]) for number, _, _ in passed]

    def _judge(self, passed: list[Any], lines: list[int]) -> list[BrokenLine]:
        out = []
        for (_, text, fields), line in zip(passed, lines, strict=True):
            if "\n" in text:
                self.swallowed.append((line, text))
            else:
                out.append(BrokenLine(line, text, f"{fields} fields where {self.width} are expected"))
        return out

    def _spoilt(self, lines: np.ndarray, spoilt: np.ndarray | None) -> list[BrokenLine]:
        """Records with a quote out of place; one over several lines has perhaps swallowed others."""
        out: list[BrokenLine] = []
        if self.quotes is None or spoilt is None:
            return out
        for line in lines[spoilt].tolist():
            text = self.quotes.spoilt.pop(line)
            if line in self.quotes.lone:
                out.append(BrokenLine(line, text, line_ends.REASON))
            elif "\n" in text:
                self.swallowed.append((line, text))
            else:
                out.append(BrokenLine(line, text, REASON))
        return out


class _Tail(io.RawIOBase):
    """Passes a stream on and keeps its last block, to see whether the last quote was closed."""

    def __init__(self, stream: Pull, keep_bytes: int, quotes: Quotes | None) -> None:
        self._quotes = quotes
        self._stream, self._keep, self._blocks = stream, keep_bytes, deque[bytes]()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Exactly `size` bytes, fewer only at the end: pyarrow takes what it is given for a block."""
        block = bytearray()
        while len(block) < size and (more := self._stream.read(size - len(block))):
            block += more
        self._blocks.append(bytes(block))
        if self._quotes:
            self._quotes.watch(self._blocks[-1])
        while len(self._blocks) > 1 and sum(map(len, self._blocks)) - len(self._blocks[0]) >= self._keep:
            self._blocks.popleft()
        return self._blocks[-1]

    def unterminated(self, batch: pa.RecordBatch, dialect: Dialect) -> str | None:
        """The text of the last record, if its quote is still open at the end of the file."""
        quote = str(dialect.quote)
        text = b"".join(self._blocks).decode("utf-8", "replace")
        last = batch.slice(batch.num_rows - 1)
        inner = sum(str(c[0]).count("\n") for c in last.columns)
        lines = text.split("\n")
        closed = lines[-(inner + 2) : -1] if text.endswith("\n") else lines[-(inner + 1) :]
        if quote not in "".join(closed) + "".join(lines[-(inner + 1) :]):
            return None
        behind = "\n".join([*closed, AFTER])
        try:
            parsed = list(csv.reader(io.StringIO(behind, newline=""), delimiter=dialect.delimiter, quotechar=quote))
        except csv.Error:  # a value longer than its reader takes; the step that types it has its own limit
            return None
        return None if parsed[-1] == [AFTER] else "\n".join(lines[-(inner + 1) :])


def _newlines(batch: pa.RecordBatch) -> np.ndarray | None:
    """Line breaks inside each row's values; None when there are none at all, which is the usual case."""
    broken_columns = [c for c in batch.columns if _holds_newline(c)]
    if not broken_columns:
        return None
    return np.sum([pc.count_substring(c, "\n").to_numpy(zero_copy_only=False) for c in broken_columns], axis=0)


def _holds_newline(column: pa.Array) -> bool:
    data = column.buffers()[2]
    return data is not None and bool((np.frombuffer(data, np.uint8) == 10).any())


def _not_blank(batch: pa.RecordBatch) -> np.ndarray | None:
    """Which rows hold any value; None when all do."""
    blank = pc.equal(pc.binary_length(batch.column(0)), 0)
    if not pc.any(blank).as_py():
        return None
    for column in batch.columns[1:]:
        blank = pc.and_(blank, pc.equal(pc.binary_length(column), 0))
    keep = ~blank.to_numpy(zero_copy_only=False)
    return None if keep.all() else keep


def _none(width: int) -> list[pa.Array]:
    return [pa.array([], pa.string()) for _ in range(width)]


def _of(text: bytes) -> Pull:
    blocks = iter([text])
    return Pull(lambda: next(blocks, b""))
