"""A look at somebody's data: which tables, columns, types, keys and identifiers there seem to be.

From a sample, never sure.
"""

import glob
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from connectors.column import SQL_WORDS, Column
from connectors.guess import CODES, FITS, decimal_of, guess
from connectors.kinds import files, sql
from connectors.kinds.streams import likely_encoding
from connectors.places import Place
from connectors.reading import Request
from connectors.source import Table
from core.errors import ConfigError, FairleadError
from core.identifiers import normalise_emails, normalise_phones
from core.settings import Settings

SAMPLE_ROWS = 5_000
LATE_DAYS = 3  # a row may be committed after the pull, stamped before it; what is read again is unchanged
DATE_IN_NAME = re.compile(r"\d{4}-\d{2}-\d{2}")
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
        from connectors.places import below

        if self.path is not None:
            return {"path": below(self.path, settings)}
        return {
            "url": ""
            if self.secret
            else self.url.replace(str(settings.home), "{home}").replace(str(settings.root), "{root}")
        }


def look(settings: Settings, data: str) -> Proposal:
    """Raises ConfigError where there is nothing to look at."""
    if not data.strip():
        raise ConfigError("--from is empty: name a file, a pattern, a folder or a database's address.")
    return (
        _database(settings, data)
        if "://" in data and not data.startswith("file://")
        else _files(settings, data.removeprefix("file://"))
    )


def _files(settings: Settings, data: str) -> Proposal:
    folder, patterns = _patterns(Path(data).expanduser().absolute())
    tables: list[TableProposal] = []
    notes: list[str] = []
    for pattern, day in patterns.items():
        name = _name(re.sub(r"\{day\}|\*", "", pattern.split("/")[-1]).split(".")[0]) or _name(folder.name) or "rows"
        while name in {t.name for t in tables}:
            name += "_more"
        stub = Table(kind="files", pattern=pattern, columns={"unknown": Column(type="text")}, missing="ok")
        request = Request(settings, "looking", name, stub, Place(str(folder), "", True, True), day, day, looking=True)
        try:
            declared: dict[str, Any] = {"kind": "files", "pattern": pattern}
            if doubt := likely_encoding(files.head_of(request)):
                declared["encoding"] = doubt[0]
                notes.append(
                    f"{pattern}: encoding {doubt[0]} is IN DOUBT: the file is no UTF-8 and tells no other. "
                    f"Are these words right: {', '.join(doubt[1]) or '(none)'}? Else declare another, such as cp1250"
                )
                request = replace(request, table=stub.model_copy(update={"encoding": doubt[0]}))
            table, detected = _look_into(request, declared)
        except FairleadError as error:
            notes.append(f"{pattern}: not read: {error}")
            continue
        tables.append(table)
        notes += [f"{pattern}: {trait} {value!r} was detected" for trait, value in detected.items()]
        notes += [f"{pattern}: {note}" for note in table.notes]
    if not tables:
        raise ConfigError(f"{data}: nothing there that can be read. {' '.join(notes)}".strip())
    return Proposal(tables, path=folder, notes=notes)


def _patterns(path: Path) -> tuple[Path, dict[str, date]]:
    """The folder and, for each kind of file in it, its pattern and a day that has one.

    A date in a name means one file a day.
    """
    is_pattern = any(c in path.name for c in "*{") and not path.is_file()  # which may have such a name
    if path.is_dir():
        paths = [p for p in sorted(path.rglob("*")) if p.is_file() and _has_known_format(p.name)]
        folder = path
    elif is_pattern:
        folder = path.parent
        paths = sorted(folder.glob(path.name.replace("{day}", "*")))
    else:
        paths, folder = [path] if path.is_file() else [], path.parent
    out: dict[str, date] = {}
    for file in sorted(paths, key=lambda p: p.stat().st_size):  # the largest of a kind is looked at
        name = str(file.relative_to(folder))
        days = DATE_IN_NAME.findall(name)
        pattern = DATE_IN_NAME.sub("{day}", name) if len(days) == 1 else glob.escape(name)
        if len(days) != 1 and is_pattern and "*" in path.name:
            pattern = path.name
        out[pattern] = date.fromisoformat(days[0]) if len(days) == 1 else date(1970, 1, 1)
    return folder, out


def _has_known_format(name: str) -> bool:
    try:
        return bool(files.format_of(name))
    except ConfigError:
        return False


def _database(settings: Settings, url: str) -> Proposal:
    from sqlalchemy import inspect
    from sqlalchemy.engine import make_url

    place = Place("", url, True, True)
    stub = Table(kind="sql", table="unknown", columns={"unknown": Column(type="text")})
    database = sql.database_of(Request(settings, "--from", "tables", stub, place, date(1970, 1, 1), date(1970, 1, 1)))
    engine = database.engine()
    try:
        inspector = inspect(engine)
        names = inspector.get_table_names()
        keys = {n: list(inspector.get_pk_constraint(n)["constrained_columns"]) for n in names}
    except Exception as error:
        raise ConfigError(f"the database cannot be looked at: {database.hidden(error)}") from None
    finally:
        engine.dispose()
    if not names:
        raise ConfigError("the database holds no tables that can be seen.")
    tables = []
    for name in names:
        table = stub.model_copy(update={"table": name})
        request = Request(settings, "looking", name, table, place, date(1970, 1, 1), date(2200, 1, 1), looking=True)
        proposal, _ = _look_into(request, {"kind": "sql", "table": name})
        proposal.key = [_name(k) for k in keys[name]] or proposal.key
        proposal.unique += proposal.key if len(proposal.key) == 1 else []
        for key in proposal.key:
            proposal.columns[key] = {**proposal.columns[key], "required": True}
        tables.append(proposal)
    notes = [f"{table.name}: {note}" for table in tables for note in table.notes]
    return Proposal(tables, url=url, secret=bool(make_url(url).password), notes=notes)


def _look_into(request: Request, reading: dict[str, Any]) -> tuple[TableProposal, dict[str, Any]]:
    kind = files if request.table.kind == "files" else sql
    source_rows = kind.read(request)
    values: dict[str, list[str | None]] = {}
    rows = 0
    for batch in source_rows.batches:
        data = batch.data.filter(pa.compute.is_null(batch.data.column("_error"))).slice(0, SAMPLE_ROWS - rows)
        if batch.form == "json":
            for flat in _flattened(data.column("c0").to_pylist()):
                _add(values, flat, rows)
                rows += 1
        else:
            for i, name in enumerate(batch.header):
                cells = [None if v is None else str(v) for v in data.column(f"c{i}").to_pylist()]
                values.setdefault(name, [None] * rows).extend(cells)
            rows += data.num_rows
        if rows >= SAMPLE_ROWS:
            break
    values = {name: cells + [None] * (rows - len(cells)) for name, cells in values.items()}
    detected = {k: v for k, v in source_rows.detected.items() if k in ("encoding", "delimiter")}
    table = _table(request, {**reading, **detected}, values)
    return table, detected


def _flattened(texts: list[str]) -> Iterator[dict[str, Any]]:
    for text in texts:
        try:
            record = json.loads(text)
        except ValueError:
            continue
        if isinstance(record, dict):
            yield dict(_paths(record, ""))


def _paths(record: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    """Leaves by dotted path; a list stays one JSON value."""
    for key, value in record.items():
        if isinstance(value, dict) and value and "." not in key and prefix.count(".") < 3:
            yield from _paths(value, f"{prefix}{key}.")
        elif "." not in key:
            yield prefix + key, value


def _add(values: dict[str, list[str | None]], flat: dict[str, Any], rows: int) -> None:
    for name, value in flat.items():
        cells = values.setdefault(name, [])
        cells += [None] * (rows - len(cells))
        cells.append(value if isinstance(value, str) or value is None else json.dumps(value))


def _table(request: Request, reading: dict[str, Any], values: dict[str, list[str | None]]) -> TableProposal:
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
        name = _name(source)
        while not name or name in columns:
            name = f"{name or 'column'}_more"
        texts = [c for c in cells if c]
        guessed = guess(name, texts, decimal, delimiter)
        column = guessed.column()
        notes += [f"{source}: {guessed.note}"] if guessed.note else []
        if name != source:
            column["from"] = source
        identifier = _identifier(name, texts, request.settings) if column["type"] == "text" else None
        if identifier:
            column["identifier"] = identifier
        if texts and len(texts) >= FITS * len(cells) and len(set(texts)) >= FITS * distinct:
            unique.append(name)
        if "." in source:
            aliases.setdefault(_name(source.split(".", 1)[1]), name)
        columns[name] = column
    if not columns:
        columns = {"column_1": {"type": "text"}}
    key = [n for n in unique if CODES.search(n) and "identifier" not in columns[n]][:1]
    for name in key:
        columns[name]["required"] = True
    cursor = next((c for c in CURSORS if columns.get(c, {}).get("type") == "timestamp"), None)
    return TableProposal(request.name, columns, key, cursor, reading, unique, aliases, notes)


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


def _name(text: str) -> str:
    """snake_case, as source files want it."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text).lower()
    snake = re.sub(r"_+", "_", re.sub(r"[^a-z0-9]+", "_", snake)).strip("_")[:50]
    snake = CLEARER.get(snake, f"{snake}_value" if snake in SQL_WORDS else snake)
    return snake if snake[:1].isalpha() else f"column_{snake}".rstrip("_") if snake else ""
