"""Carriage returns: pyarrow ends a line at each, also at one that stands alone in a file whose lines end otherwise.

Such a one is kept out of its sight: inside quotes it comes back with the value, outside of them its record is refused.
Old Mac files end their lines with carriage returns; there the two signs change places, on the way in and on the way
back.
"""

import re

import pyarrow as pa
import pyarrow.compute as pc

LONE = "\ufdd1"  # stands for a carriage return without a line feed: a noncharacter, which no honest text holds
LONE_BYTES = LONE.encode()
REASON = "a carriage return outside of quotes, in a file whose lines do not end with one"
SWAP = bytes.maketrans(b"\r\n", b"\n\r")
ALONE = re.compile(rb"(?<!\r)\r++(?!\n)")  # \r\r\n is a line end that was converted twice


class LineEnds:
    """Of one file. `marked`: some carriage return was out of place so far."""

    def __init__(self, swapped: bool) -> None:
        self.swapped, self.marked, self._carry = swapped, False, b""

    def put(self, data: bytes, at_end: bool = False) -> bytes:
        """The next bytes of UTF-8, as pyarrow may cut them.

        Carriage returns at their end wait for what is behind them.
        """
        data = self._carry + (data.translate(SWAP) if self.swapped else data)
        bare = data if at_end else data.rstrip(b"\r")
        self._carry = data[len(bare) :]
        if bare.count(b"\r") != bare.count(b"\r\n"):
            self.marked = True
            last = len(bare.rstrip(b"\r"))  # at the end of the file it ends the line
            bare = ALONE.sub(lambda run: LONE_BYTES * len(run[0]), bare[:last]) + bare[last:]
        return bare

    def restored(self, column: pa.Array) -> pa.Array:
        """A column's values as they stood in the file."""
        if self.marked:
            column = pc.replace_substring(column, LONE, "\r")
        if self.swapped and column.buffers()[2] is not None:
            validity, offsets, values = column.buffers()
            buffers = [validity, offsets, pa.py_buffer(values.to_pybytes().translate(SWAP))]
            column = pa.Array.from_buffers(column.type, len(column), buffers, column.null_count, column.offset)
        return column

    def text_back(self, text: str) -> str:
        text = text.replace(LONE, "\r")
        return text.translate({10: 13, 13: 10}) if self.swapped else text
