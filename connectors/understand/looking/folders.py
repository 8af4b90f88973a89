"""The files of a folder as tables: which are one table's, by what pattern a pull finds them, and what it is called."""

import glob
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from connectors.kinds import files
from connectors.understand.looking.naming import column_name, table_name
from core.errors import ConfigError

ISO_DAY = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)")
DATED = re.compile(  # a day, a month or a year in a file's name, with a clock behind it
    r"(?<!\d)(?:\d{4}[-_.]\d{2}[-_.]\d{2}|\d{2}[-_.]\d{2}[-_.]\d{4}|\d{8}|(?:19|20)\d{2}[-_.]?(?:0[1-9]|1[0-2])"
    r"|(?:19|20)\d{2}(?:[-_]?[qQ][1-4])?)(?:[T_-]\d{4,6})?(?!\d)"
)
FIRST_BYTES = 64 << 10  # of a file, by which its header is compared
NO_DAYS = (date(1970, 1, 1),)


@dataclass
class FileTable:
    """Files that a pull reads as one table."""

    pattern: str  # below the folder
    name: str
    days: tuple[date, ...] = NO_DAYS  # of files of which each holds a day
    files: list[Path] = field(default_factory=list)


def file_tables(path: Path) -> tuple[Path, list[FileTable]]:
    """The folder, and the tables in it, the smallest first.

    Files whose names differ in a date alone, and whose headers are one, are one table: with a day each where a date of
    ISO 8601 says so, else as they come. So the next export is found as well.
    """
    is_pattern = any(c in path.name for c in "*{") and not path.is_file()  # which may have such a name
    if path.is_dir():
        found = [p for p in sorted(path.rglob("*")) if p.is_file() and _has_known_format(p.name)]
        tables = [table for group in _alike(path, found) for table in _tables_of(path, group)]
        folder = path
    elif is_pattern:
        folder = path.parent
        found = sorted(folder.glob(path.name.replace("{day}", "*")))
        tables = _tables_of(folder, found, path.name) if found else []
    else:
        folder, tables = path.parent, _tables_of(path.parent, [path]) if path.is_file() else []
    return folder, sorted(_named(tables, folder), key=lambda t: max(p.stat().st_size for p in t.files))


def _alike(folder: Path, found: Iterable[Path]) -> list[list[Path]]:
    """Files of one folder by what their names are without dates."""
    groups: dict[tuple[Path, str], list[Path]] = {}
    for file in found:
        groups.setdefault((file.parent, DATED.sub("*", file.name)), []).append(file)
    return list(groups.values())


def _tables_of(folder: Path, group: list[Path], given: str = "") -> list[FileTable]:
    """One table of files that are alike; of those whose headers differ one each."""
    if len({_header(file) for file in group}) > 1 and not given:
        return [FileTable(glob.escape(_below(folder, file)), "", files=[file]) for file in group]
    days = [ISO_DAY.findall(file.name) for file in group]
    if all(len(found) == 1 for found in days) and (len(group) > 1 or "{day}" in given):
        pattern = ISO_DAY.sub("{day}", _below(folder, group[0]))
        return [FileTable(pattern, "", tuple(sorted(date.fromisoformat(d) for (d,) in days)), group)]
    if given and "{day}" not in given:
        return [FileTable(given, "", files=group)]
    name = _below(folder, group[0])
    pattern = re.sub(r"\*([-_ .]\*)+", "*", DATED.sub("*", glob.escape(name)))
    matched = set(folder.glob(pattern))
    return [FileTable(pattern if matched == set(group) else glob.escape(name), "", files=group)]


def _below(folder: Path, file: Path) -> str:
    return file.relative_to(folder).as_posix()


def _header(file: Path) -> bytes:
    """A text file's first line; of others nothing, since their columns are told by themselves."""
    with file.open("rb") as opened:
        first = opened.read(FIRST_BYTES)
    is_text = files.format_of(file.name) in ("csv", "tsv") and not file.name.lower().endswith((".gz", ".zst"))
    return first.splitlines()[0].strip() if is_text and first else b""


def _named(tables: list[FileTable], folder: Path) -> list[FileTable]:
    """Names of the files without date and ending; with their folder's where two would have one."""
    for table in tables:
        stem = _stem(table.files[0].name if len(table.files) == 1 else table.pattern.split("/")[-1])
        table.name = table_name(stem) or table_name(folder.name) or "rows"
    names = [table.name for table in tables]
    for table in tables:
        above = table.files[0].parent
        if names.count(table.name) > 1 and above != folder:
            table.name = column_name(f"{above.name}_{table.name}")
    return tables


def _stem(name: str) -> str:
    """prod.clients.2024-08-31.jsonl.gz is prod.clients, orders_export (1).csv orders_export."""
    words = name.split(".")
    while len(words) > 1 and words[-1].lower() in ("gz", "zst", *files.FORMATS):
        words.pop()
    stem = DATED.sub("", ".".join(words).replace("{day}", "").replace("*", ""))
    return re.sub(r"[ _-]*\(\d+\)$", "", stem)


def _has_known_format(name: str) -> bool:
    try:
        return bool(files.format_of(name))
    except ConfigError:
        return False
