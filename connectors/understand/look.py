"""A look at somebody's data: which tables there seem to be. From a sample, never sure."""

import glob
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from connectors.column import Column
from connectors.kinds import files, sql
from connectors.kinds.streams import likely_encoding
from connectors.places import Place
from connectors.understand.proposal import Proposal, TableProposal, column_name, table_of
from connectors.reading import Request
from connectors.source import Table
from core.errors import ConfigError, FairleadError
from core.settings import Settings

SAMPLE_ROWS = 5_000
DATE_IN_NAME = re.compile(r"\d{4}-\d{2}-\d{2}")


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
        name = (
            column_name(re.sub(r"\{day\}|\*", "", pattern.split("/")[-1]).split(".")[0])
            or column_name(folder.name)
            or "rows"
        )
        while name in {t.name for t in tables}:
            name += "_more"
        stub = Table(kind="files", pattern=pattern, columns={"unknown": Column(type="text")}, missing="ok")
        request = Request(settings, "looking", name, stub, Place(str(folder), "", True, True), day, day, looking=True)
        try:
            table, detected = _look_into_file(request, pattern, notes)
        except FairleadError as error:
            notes.append(f"{pattern}: not read: {error}")
            continue
        tables.append(table)
        notes += [f"{pattern}: {trait} {value!r} was detected" for trait, value in detected.items()]
        notes += [f"{pattern}: {note}" for note in table.notes]
    if not tables:
        raise ConfigError(f"{data}: nothing there that can be read. {' '.join(notes)}".strip())
    return Proposal(tables, path=folder, notes=notes)


def _look_into_file(request: Request, pattern: str, notes: list[str]) -> tuple[TableProposal, dict[str, Any]]:
    """What a file holds; `notes` gains a word where its encoding is only likely."""
    declared: dict[str, Any] = {"kind": "files", "pattern": pattern}
    if doubt := likely_encoding(files.head_of(request)):
        declared["encoding"] = doubt[0]
        notes.append(
            f"{pattern}: encoding {doubt[0]} is IN DOUBT: the file is no UTF-8 and tells no other. "
            f"Are these words right: {', '.join(doubt[1]) or '(none)'}? Else declare another, such as cp1250"
        )
        request = replace(request, table=request.table.model_copy(update={"encoding": doubt[0]}))
    return _look_into(request, declared)


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
        proposal.key = [column_name(k) for k in keys[name]] or proposal.key
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
    table = table_of(request.name, {**reading, **detected}, values, request.settings)
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
