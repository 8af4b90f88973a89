"""Whether quotes stand where they may: pyarrow takes text behind a closing quote for more of the value, and changes it
in silence.

What is written as it should be is judged by all quotes of a block at once. Only a record with a quote out of place is
looked at by itself: `5" disk` is text and stays, `"Dwayne "The Rock" Johnson"` and `"say \\"hi\\""` are not what was
meant, and are refused.
"""

import re
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from connectors.kinds.line_ends import LONE_BYTES

REASON = 'text behind a closing quote: a quote inside a value is written twice ("")'
ENDS = (10, 13)


class _Signs(NamedTuple):
    """What stands where in a block: its quotes, those out of place (if the even ones open, if the odd ones do), and
    carriage returns alone.
    """

    data: bytes
    places: Sequence[int]
    astray: list[list[int]]
    lone: list[int]


class Quotes:
    """Watches the blocks that pyarrow reads; `spoilt` holds the records that are not well formed: line -> text."""

    def __init__(self, delimiter: str, quote: str, first_line: int) -> None:
        self.spoilt: dict[int, str] = {}
        self.lone: set[int] = set()  # the lines of those that are spoilt by a carriage return alone
        self._line, self._carry = first_line, b""  # the record that is not whole yet, and its line
        self._quote, self._delimiter = quote.encode(), delimiter.encode()
        q, d = re.escape(self._quote), re.escape(self._delimiter)
        plain, quoted = rb"[^%b%b\r\n][^%b\r\n]*+|" % (q, d, d), rb"%b(?:[^%b]++|%b%b)*+%b" % (q, q, q, q, q)
        sign = rb"(?:[^%b\r\n\xef]|\xef(?!%b))" % (d, re.escape(LONE_BYTES[1:]))
        unmarked = rb"(?!%b)%b%b*+|" % (q, sign, sign)
        as_read, as_meant = rb"(?:%b[^%b\r\n]*+|%b)" % (quoted, d, plain), rb"(?:%b|%b)" % (quoted, unmarked)
        self._record = re.compile(rb"%b(?:%b%b)*+" % (as_read, d, as_read))  # as pyarrow reads it
        self._well_formed = re.compile(rb"%b(?:%b%b)*" % (as_meant, d, as_meant))

    def watch(self, block: bytes) -> None:
        """The next block; an empty one is the end."""
        if not any(sign in block or sign in self._carry for sign in (self._quote, LONE_BYTES)) and (
            LONE_BYTES not in self._carry[-2:] + block[:2]
        ):
            behind = block.rfind(b"\n") + 1
            self._line += int(np.count_nonzero(np.frombuffer(block, np.uint8) == 10))
            self._carry = block[behind:] if behind else self._carry + block
            return
        data = self._carry + block
        start = self._judge(data, at_end=not block)
        self._carry = data[start:]

    def among(self, lines: np.ndarray) -> np.ndarray | None:
        """Which of the records that begin on these lines are spoilt; None when none are."""
        if not self.spoilt:
            return None
        spoilt_rows = np.isin(lines, list(self.spoilt))
        return spoilt_rows if spoilt_rows.any() else None

    def _judge(self, data: bytes, at_end: bool) -> int:
        """Find the spoilt records of `data`, which begins with one; where the last begins that is not whole yet."""
        octets = np.frombuffer(data, np.uint8)
        quote_places = np.flatnonzero(octets == self._quote[0])
        places = array("q", quote_places.tobytes())
        lone = [mark.start() for mark in re.finditer(LONE_BYTES, data)] if LONE_BYTES in data else []
        signs = _Signs(data, places, [wrong.tolist() for wrong in self._astray(octets, quote_places)], lone)
        first, start = 0, 0  # the quotes and the data from here on are to be judged
        while (begin := self._next_doubtful(signs, first, start)) is not None:
            end = self._end(data, begin, at_end)
            self._line += data.count(b"\n", start, begin)
            if end is None:
                return begin
            self._keep_if_spoilt(data[begin:end])
            start = end + (2 if data[end : end + 2] == b"\r\n" else 1)
            self._line += data.count(b"\n", begin, start)
            first = bisect_left(places, start, first)
        last = len(places) - (len(places) - first) % 2
        begin = self._record_start(data, places, last, first, start)
        self._line += data.count(b"\n", start, begin)
        return begin

    def _next_doubtful(self, signs: "_Signs", first: int, start: int) -> int | None:
        """Where the next record begins that has a quote, or a carriage return alone, out of place."""
        data, places, astray, lone = signs
        wrong = astray[first % 2]
        at = bisect_left(wrong, first)
        quote = wrong[at] if at < len(wrong) else len(places)
        between = range(bisect_left(lone, start), bisect_left(lone, [*places[quote : quote + 1], len(data)][0]))
        marks = (lone[i] for i in between)
        mark = next((m for m in marks if (bisect_left(places, m, first) - first) % 2 == 0), None)
        if mark is not None:
            return self._record_start(data, places, bisect_left(places, mark, first), first, start, mark)
        if quote < len(places):
            return self._record_start(data, places, quote - (quote - first) % 2, first, start)
        return None

    def _keep_if_spoilt(self, record: bytes) -> None:
        """The record on the line that is being looked at joins `spoilt` where it is not well formed."""
        if self._well_formed.fullmatch(record):
            return
        self.spoilt[self._line] = record.decode("utf-8", "replace")
        if self._well_formed.fullmatch(record.replace(LONE_BYTES, b" ")):
            self.lone.add(self._line)

    def _astray(self, octets: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The quotes that stand where none may, if the even ones open, and if the odd ones do."""
        may = np.array([10, 13, self._quote[0], self._delimiter[0]], np.uint8)
        around = np.concatenate([may[:1], octets, may[:1]])
        opens, closes = np.isin(around[places], may), np.isin(around[places + 2], may)
        even = np.arange(len(places)) % 2 == 0
        return np.flatnonzero(~np.where(even, opens, closes)), np.flatnonzero(~np.where(even, closes, opens))

    @staticmethod
    def _record_start(
        data: bytes, places: Sequence[int], opening: int, first: int, start: int, upto: int | None = None
    ) -> int:
        """Where the record begins whose quote number `opening` opens: behind the last line break outside of quotes."""
        if upto is None:
            upto = places[opening] if opening < len(places) else len(data)
        while opening > first:
            behind = data.rfind(b"\n", places[opening - 1], upto) + 1
            if behind:
                return behind
            opening -= 2
            upto = places[opening]
        return max(start, data.rfind(b"\n", start, upto) + 1)

    def _end(self, data: bytes, begin: int, at_end: bool) -> int | None:
        """The end of a record as pyarrow reads it; None while it is not whole, or its quote stays open."""
        record = self._record.match(data, begin)
        end = record.end() if record else begin
        is_whole = at_end if end == len(data) else data[end] in ENDS
        return end if is_whole else None
