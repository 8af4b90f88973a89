"""What tables seem to be by all of their texts: columns, types, identifiers. Never sure: what is in doubt is told."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from connectors.places import below, url_below
from connectors.understand.looking.scratch import Facts, Scratch
from core.settings import Settings

LATE_DAYS = 3  # a row may be committed after the pull, stamped before it; what is read again is unchanged
ITEM = "item_no"  # of a table that was taken out of lists: an item's place in its list
NOTHING = {"0000-00-00", "0000-00-00 00:00:00", "00000000", "00.00.0000"} | {
    "n/a", "null", "none", "-", "--", "nan", "\\n", "nil", "#n/a", "na", "(null)", "keine", "s/n",
}  # fmt: skip
ONE_OF = 20  # rows that do not have one address, unless it is nobody's of them


@dataclass
class TableProposal:
    """One table as it seems to be; `columns` are as in a source file, in its order."""

    name: str
    columns: dict[str, dict[str, Any]]
    reading: dict[str, Any]  # kind, pattern or table, format, encoding, delimiter
    facts: dict[str, Facts] = field(default_factory=dict)
    key: list[str] = field(default_factory=list)
    key_because: str = ""
    cursor: str | None = None
    primary_key: list[str] = field(default_factory=list)  # as the database declares it
    # page_url -> context_page_url: a JSON path without its first step
    aliases: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)  # on columns whose type was in doubt
    of_orders: set[str] = field(default_factory=set)  # amounts of lines that are their order's: they stand on each
    unpadded: set[str] = field(default_factory=set)  # numbers that are the same with and without leading zeros
    rows: int = 0
    is_whole: bool = True
    composed: dict[str, list[str]] = field(default_factory=dict)  # column that staging makes -> the raw ones in it
    list_of: tuple[str, str] | None = None  # the table and its column whose lists hold these rows

    def spec(self) -> dict[str, Any]:
        short = {n: c["type"] if set(c) == {"type"} else c for n, c in self.raw_columns.items()}
        spec = {**self.reading, "max_reject_share": 0.05}
        if self.key:
            spec["key"] = self.raw_key
        if self.cursor:
            spec["cursor"] = self.cursor
        if self.cursor and self.reading["kind"] == "sql":
            spec["late_days"] = LATE_DAYS
        return {**spec, "columns": short}

    @property
    def raw_columns(self) -> dict[str, dict[str, Any]]:
        """Those that land; not those that staging puts together."""
        return {name: column for name, column in self.columns.items() if name not in self.composed}

    @property
    def raw_key(self) -> list[str]:
        return list(dict.fromkeys(raw for c in self.key for raw in self.composed.get(c, [c])))

    def source_of(self, column: str) -> str:
        return str(self.columns[column].get("from", column))

    def name_of(self, source: str) -> str | None:
        return next((name for name in self.columns if self.source_of(name) == source), None)

    def of_type(self, *kinds: str) -> list[str]:
        return [name for name, column in self.columns.items() if column["type"] in kinds]

    def identified(self, kind: str) -> list[str]:
        """Columns that hold e-mail addresses or telephone numbers, the fullest first; not one that all rows share."""
        names = [n for n, c in self.columns.items() if c.get("identifier") == kind]
        own = [n for n in names if self.rows < ONE_OF or self.facts[n].distinct != 1]  # the shop's own address
        return sorted(own, key=lambda n: -self.facts[n].filled)


@dataclass(frozen=True)
class LeftOut:
    """What was seen and not looked at."""

    table: str
    why: str
    mend: str
    is_light: bool = False


@dataclass
class Proposal:
    tables: list[TableProposal]
    scratch: Scratch
    path: Path | None = None
    url: str = ""
    secret: bool = False  # the address holds a password, which does not belong in a file
    notes: list[str] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    days: list[date] = field(default_factory=list)  # of files of which each holds one

    @property
    def landed(self) -> list[TableProposal]:
        """Those that a pull lands; the others are taken out of their lists by staging."""
        return [table for table in self.tables if table.list_of is None]

    def defaults(self, settings: Settings) -> dict[str, str]:
        if self.path is not None:
            return {"path": below(self.path, settings)}
        return {"url": "" if self.secret else url_below(self.url, settings)}

    def __getitem__(self, name: str) -> TableProposal:
        return next(table for table in self.tables if table.name == name)
