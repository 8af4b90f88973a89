"""What tables seem to be by a sample of their texts: columns, types, keys, identifiers. Never sure."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from connectors.column import SQL_WORDS
from connectors.understand.guess import CODES, FITS, Guess, decimal_of, guess
from connectors.places import below
from core.identifiers import normalise_emails, normalise_phones
from core.settings import Settings

LATE_DAYS = 3  # a row may be committed after the pull, stamped before it; what is read again is unchanged
CURSORS = ("updated_at", "modified_at", "updated", "last_modified", "lastmodifieddate")
CLEARER = {"timestamp": "occurred_at", "at": "occurred_at", "end": "ended_at", "order": "order_no"}


@dataclass
class TableProposal:
    """One table as it seems to be; `columns` are as in a source file, in its order."""

    name: str
    columns: dict[str, dict[str, Any]]
    key: list[str]
    cursor: str | None
    reading: dict[str, Any]  # kind, pattern or table, format, encoding, delimiter
    unique: list[str] = field(default_factory=list)  # columns that tell the sample's rows apart
    aliases: dict[str, str] = field(
        default_factory=dict
    )  # page_url -> context_page_url: a JSON path without its first step
    notes: list[str] = field(default_factory=list)  # on columns whose type was in doubt

    def spec(self) -> dict[str, Any]:
        short = {n: c["type"] if set(c) == {"type"} else c for n, c in self.columns.items()}
        spec = {**self.reading, "max_reject_share": 0.05}
        if self.key:
            spec["key"] = self.key
        if self.cursor:
            spec["cursor"] = self.cursor
        if self.cursor and self.reading["kind"] == "sql":
            spec["late_days"] = LATE_DAYS
        return {**spec, "columns": short}


@dataclass
class Proposal:
    tables: list[TableProposal]
    path: Path | None = None
    url: str = ""
    secret: bool = False  # the address holds a password, which does not belong in a file
    notes: list[str] = field(default_factory=list)

    def defaults(self, settings: Settings) -> dict[str, str]:
        if self.path is not None:
            return {"path": below(self.path, settings)}
        return {
            "url": ""
            if self.secret
            else self.url.replace(str(settings.home), "{home}").replace(str(settings.root), "{root}")
        }


def table_of(
    table_name: str, reading: dict[str, Any], values: dict[str, list[str | None]], settings: Settings
) -> TableProposal:
    """What a sample's texts, by column, seem to be."""
    columns: dict[str, dict[str, Any]] = {}
    unique: list[str] = []
    distinct = len(set(zip(*values.values(), strict=True)))  # files repeat lines, and that is no second row
    aliases: dict[str, str] = {}
    notes: list[str] = []
    delimiter = reading.get("delimiter")
    decimal = decimal_of({source: [c for c in cells if c] for source, cells in values.items()}, delimiter)
    if decimal == ",":
        reading = {**reading, "decimal": decimal}
    for source, cells in values.items():
        name = column_name(source)
        while not name or name in columns:
            name = f"{name or 'column'}_more"
        texts = [c for c in cells if c]
        guessed = guess(name, texts, decimal, delimiter)
        notes += [f"{source}: {guessed.note}"] if guessed.note else []
        columns[name] = _column(guessed, name, source, texts, settings)
        if texts and len(texts) >= FITS * len(cells) and len(set(texts)) >= FITS * distinct:
            unique.append(name)
        if "." in source:
            aliases.setdefault(column_name(source.split(".", 1)[1]), name)
    if not columns:
        columns = {"column_1": {"type": "text"}}
    key = [n for n in unique if CODES.search(n) and "identifier" not in columns[n]][:1]
    for name in key:
        columns[name]["required"] = True
    cursor = next((c for c in CURSORS if columns.get(c, {}).get("type") == "timestamp"), None)
    return TableProposal(table_name, columns, key, cursor, reading, unique, aliases, notes)


def _column(guessed: Guess, name: str, source: str, texts: list[str], settings: Settings) -> dict[str, Any]:
    """The column as the source file declares it."""
    column = guessed.column()
    if name != source:
        column["from"] = source
    identifier = _identifier(name, texts, settings) if column["type"] == "text" else None
    if identifier:
        column["identifier"] = identifier
    return column


def _identifier(name: str, texts: list[str], settings: Settings) -> str | None:
    if not texts:
        return None
    sample = pa.array(texts[:500], pa.string())
    if (
        sum("@" in v for v in texts[:500]) > len(sample) * 0.5
        and normalise_emails(sample).null_count < len(sample) * 0.2
    ):
        return "email"
    if (
        re.search(r"phone|mobile|tel", name)
        and normalise_phones(sample, settings.project.default_country).null_count < len(sample) * 0.5
    ):
        return "phone"
    return None


def column_name(text: str) -> str:
    """snake_case, as source files want it."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text).lower()
    snake = re.sub(r"_+", "_", re.sub(r"[^a-z0-9]+", "_", snake)).strip("_")[:50]
    snake = CLEARER.get(snake, f"{snake}_value" if snake in SQL_WORDS else snake)
    return snake if snake[:1].isalpha() else f"column_{snake}".rstrip("_") if snake else ""
