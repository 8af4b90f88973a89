"""Lines above a file's header: the title of a report, its period, an empty line."""

import csv
from itertools import pairwise

LOOKED_AT, MOST_ABOVE = 60, 15  # lines of a file; lines above its header
FULL, SPARSE = 0.8, 0.5  # share of the cells that are filled: of a header at least, of a title at most


def header_line(text: str) -> int:
    """The line on which the names of the columns stand, 1 where nothing speaks for another.

    text     the beginning of a file
    """
    lines = text.splitlines(keepends=True)[:-1][:LOOKED_AT]  # the last one may be cut
    cut = [_cut(lines, delimiter) for delimiter in ",;\t|"]
    rows, starts = max(cut, key=lambda c: _width(c[0]))
    return starts[_header(rows)] if rows else 1


def _cut(lines: list[str], delimiter: str) -> tuple[list[list[str]], list[int]]:
    """The cells of each row, and the line on which it begins."""
    reader, rows, starts = csv.reader(lines, delimiter=delimiter), [], [1]
    try:
        for row in reader:
            rows.append([cell.strip() for cell in row])
            starts.append(reader.line_num + 1)
    except csv.Error:
        return [], [1]
    return rows, starts


def _width(rows: list[list[str]]) -> int:
    """How many columns nearly all rows have; 0 where they differ."""
    lengths = [len(row) for row in rows[MOST_ABOVE // 2 :] or rows]
    width = max(set(lengths), key=lengths.count, default=0)
    return width if lengths.count(width) >= FULL * len(lengths) else 0


def _header(rows: list[list[str]]) -> int:
    """Which row is the header behind a title; 0 where the first is, or where no row looks like one."""
    width = _width(rows)
    if width < 3 or _filled(rows[0]) > SPARSE * width:
        return 0
    for i, (row, following) in enumerate(pairwise(rows[: MOST_ABOVE + 2])):
        names = [cell for cell in row if cell]
        is_named = len(names) >= FULL * width and len(set(names)) == len(names)
        if is_named and not any(any(c.isdecimal() for c in n) and not any(c.isalpha() for c in n) for n in names):
            return i if i and len(row) == len(following) == width else 0
    return 0


def _filled(row: list[str]) -> int:
    return sum(bool(cell) for cell in row)
