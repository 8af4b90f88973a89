"""Bytes on their way in: bounded to what was there at the start, unpacked, in UTF-8, in blocks. Memory stays flat."""

import codecs
import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from connectors.kinds.line_ends import LONE, REASON, LineEnds
from core.errors import FatalError, RetryableError

CHUNK_BYTES = 1 << 20
SAMPLE_BYTES = 256 << 10  # what encoding, dialect and header are read from
DIALECT_BYTES = 16 << 10  # a hundred lines tell the delimiter
HARMLESS_BYTES = 64 << 20  # unpacked; below this any ratio is no harm
MOST_RATIO = 200  # unpacked to packed; tables come to 5 to 50, a million equal lines to a thousand
UNREADABLE = "\ufdd0"  # stands for bytes that are not in the encoding: a noncharacter, which no honest text holds
DELIMITERS = ",;\t|"
CODE_PAGES = {  # Windows' own -> ISO codes of the countries where it is the default
    "cp1250": "AL BA CZ HR HU PL RO SI SK", "cp1251": "BG BY KG KZ MD MK MN RS RU TJ UA UZ", "cp1253": "CY GR",
    "cp1254": "AZ TR", "cp1255": "IL", "cp1256": "AE DZ EG IQ IR JO KW LB LY MA OM PK QA SA SY TN YE",
    "cp1257": "EE LT LV", "cp1258": "VN", "cp874": "TH", "cp932": "JP", "cp949": "KR", "gb18030": "CN SG",
    "big5hkscs": "HK TW",
}  # fmt: skip


def _mark(error: UnicodeError) -> tuple[str, int]:
    return UNREADABLE, error.end if isinstance(error, UnicodeDecodeError) else len(str(error))


codecs.register_error("fairlead_mark", _mark)


def marked(value: bytes) -> str:
    """Text whose bytes outside UTF-8 are UNREADABLE, so that only its row is refused."""
    return value.decode("utf-8", "fairlead_mark")


class Pull(io.RawIOBase):
    """A readable stream over a function that gives the next block of bytes, b"" at the end. Can be peeked into."""

    def __init__(self, more: Callable[[], bytes]) -> None:
        self._more, self._buffer, self._at_end = more, b"", False

    def readable(self) -> bool:
        return True

    def peek(self, size: int) -> bytes:
        while len(self._buffer) < size and not self._at_end:
            self._fill()
        return self._buffer[:size]

    def skip(self, size: int) -> None:
        self.peek(size)
        self._buffer = self._buffer[size:]

    def readinto(self, buffer: Any) -> int:
        if not self._buffer and not self._at_end:
            self._fill()
        size = min(len(buffer), len(self._buffer))
        buffer[:size], self._buffer = self._buffer[:size], self._buffer[size:]
        return size

    def _fill(self) -> None:
        block = self._more()
        self._at_end = not block
        self._buffer += block


class Bounded(io.RawIOBase):
    """A file up to the size it had when it was opened.

    If it has grown by then, the half-written last line is left out.
    """

    def __init__(self, file: Any, size: int, has_grown: Callable[[], bool], is_cut: bool) -> None:
        self._file, self._left_bytes, self._has_grown, self._cut, self.has_changed = (
            file,
            size,
            has_grown,
            is_cut,
            False,
        )
        self._size = size

    @property
    def bytes_taken(self) -> int:
        """Bytes read so far."""
        return self._size - self._left_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        block = self._file.read(min(len(buffer), self._left_bytes, CHUNK_BYTES))
        self._left_bytes -= len(block)
        if self._cut and block and not self._left_bytes and self._has_grown():
            self.has_changed = True
            block = block[: block.rfind(b"\n") + 1]
        buffer[: len(block)] = block
        return len(block)

    def close(self) -> None:
        self._file.close()
        super().close()


def unpacked(file: Bounded, name: str) -> Pull:
    """Undo .gz and .zst. A file cut short raises RetryableError: half a day must not pass for a day.

    One that unpacks to hundreds of times its size is no table but a bomb: FatalError.
    """
    codec = {"gz": "gzip", "zst": "zstd"}.get(name.rsplit(".", 1)[-1])
    stream = pa.CompressedInputStream(pa.PythonFile(file, "r"), codec) if codec else file

    out = 0

    def more() -> bytes:
        nonlocal out
        try:
            block: bytes = stream.read(CHUNK_BYTES) or b""
            out += len(block)
            if codec and out > HARMLESS_BYTES and out > MOST_RATIO * file.bytes_taken:
                raise FatalError(
                    f"it unpacks to more than {MOST_RATIO} times its size: that is no table. Pack it anew if it is one."
                )
            return block
        except OSError as error:
            if codec is None:
                raise RetryableError(f"{name} cannot be read: {error}.") from None
            raise RetryableError(
                f"{name} is cut short or damaged ({error}): nothing of it was taken. Still being written? Pull again "
                "when it is whole."
            ) from None

    return Pull(more)


@dataclass(frozen=True)
class Text:
    """A stream in UTF-8 with `\\n` or `\\r\\n` at line ends, what was found out about it, and the way back to what
    stood there.
    """

    stream: Pull
    ends: LineEnds
    encoding: str
    detected: bool


def in_utf8(raw: Pull, declared: str | None, quoted: bool = True) -> Text:
    """Decode by the declared encoding or the one it tells; bytes outside it become UNREADABLE, so that only their line
    is lost.

    quoted   whether line breaks may stand in values; in JSON lines they may not
    """
    sample = raw.peek(SAMPLE_BYTES)
    encoding, detected = (declared, False) if declared else (detect_encoding(sample), True)
    decoder = codecs.getincrementaldecoder("utf-8-sig" if _is_utf8(encoding) else encoding)(errors="fairlead_mark")
    # Without any line feed in the sample, a carriage return is the line end (old Mac exports).
    ends = LineEnds(swapped=b"\r" in sample and b"\n" not in sample)

    def cut(text: str, at_end: bool) -> bytes:
        data = text.replace(LONE, UNREADABLE).encode("utf-8", "replace")
        return ends.put(data, at_end) if quoted or ends.swapped else data

    def more() -> bytes:
        while block := raw.read(CHUNK_BYTES):
            if (text := decoder.decode(block)) and (data := cut(text, at_end=False)):
                return data
        rest: str = decoder.decode(b"", True)
        decoder.reset()
        return cut(rest, at_end=True)

    return Text(Pull(more), ends, encoding, detected)


def _is_utf8(encoding: str) -> bool:
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")


def detect_encoding(sample: bytes) -> str:
    """By byte order mark or strict UTF-8; FatalError for all else, since no look at the letters tells `ñ` from `ń`."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if sample.startswith(mark):
            return name
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError as error:
        line = len(sample[: error.start].replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"))
        raise FatalError(
            f"line {line} is no UTF-8, and no `encoding` is declared: names would land with wrong letters. Declare the "
            "`encoding` in "
            "which it was written: cp1252 for Windows and Excel in western Europe, cp1250 in eastern; utf-8 refuses "
            "such lines alone."
        ) from None
    return "utf-8"


def likely_encoding(sample: bytes, country: str = "") -> tuple[str, list[str]] | None:
    """For a person to judge: a guess for a text that does not tell its encoding, and words that it decides.

    country     ISO code of the company's: Windows and Excel write with its code page there
    None where it tells.
    """
    try:
        detect_encoding(sample)
    except FatalError:
        own = next((page for page, countries in CODE_PAGES.items() if country in countries.split()), "cp1252")
        encoding = next(page for page in (own, "cp1252", "latin-1") if _decodes(sample, page))
        words = [word for word in re.findall(r"\w+", sample.decode(encoding, "replace")) if not word.isascii()]
        return encoding, list(dict.fromkeys(words))[:3]
    return None


def _decodes(sample: bytes, encoding: str) -> bool:
    """All but a character that the sample's end cut in two."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def detect_delimiter(sample: str, wanted_names: set[str]) -> str:
    """The delimiter whose header names most wanted columns; without any, the one that cuts lines most evenly."""

    def merit(delimiter: str) -> tuple[int, bool, int]:
        rows = [row for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter) if row][:100]
        widths = {len(row) for row in rows[:-1]} or {len(row) for row in rows}
        return len(wanted_names & set(rows[0] if rows else ())), len(widths) == 1, min(widths, default=0)

    try:
        return max(DELIMITERS, key=merit)
    except csv.Error:
        return ","


def take_delimiter(stream: Pull) -> str | None:
    """Take Excel's first line `sep=;` off the stream, which is no header but names the delimiter."""
    match = re.match(rb'"?sep=([\t -~])"?\r?\n', stream.peek(16), re.IGNORECASE)
    if match is None:
        return None
    stream.skip(match.end())
    return match[1].decode()


def take_header(stream: Pull, delimiter: str, quote: str) -> tuple[list[str], int]:
    """Take the header off the stream: its names as they stand, and how many lines it covered.

    Empty at the end of the file.
    """
    sample = stream.peek(SAMPLE_BYTES)
    start = len(sample) - len(sample.lstrip(b"\r\n"))
    end = start
    while end < len(sample):
        newline = sample.find(b"\n", end)
        end = len(sample) if newline < 0 else newline + 1
        if sample[start:end].count(quote.encode()) % 2 == 0:
            break
    text = sample[start:end].decode("utf-8", "replace")
    stream.skip(end)
    if LONE in re.sub(f"{re.escape(quote)}[^{re.escape(quote)}]*{re.escape(quote)}", "", text):
        raise FatalError(f"its first line holds {REASON}. Write the file anew with one kind of line end.")
    try:
        names = next(csv.reader(io.StringIO(text.rstrip("\r\n"), newline=""), delimiter=delimiter, quotechar=quote), [])
    except csv.Error as error:
        raise FatalError(f"its first line is no header: {error}.") from None
    return names, sample[:end].count(b"\n")


def unique_names(names: list[str]) -> tuple[str, ...]:
    """Header names, trimmed; an empty one is named by its place, a repeated one gets a number."""
    out: dict[str, None] = {}
    counts: dict[str, int] = {}  # of each name, so that the thousandth of a kind is not counted from one again
    for place, trimmed in enumerate((n.strip() for n in names), 1):
        name = candidate = trimmed or f"column_{place}"
        while candidate in out:
            counts[name] = counts.get(name, 1) + 1
            candidate = f"{name}_{counts[name]}"
        out[candidate] = None
    return tuple(out)
