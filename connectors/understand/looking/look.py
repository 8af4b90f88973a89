"""A look at somebody's data: its tables, all of their rows where they fit, as texts in a scratch engine."""

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from connectors.column import Column
from connectors.kinds import files, sql
from connectors.kinds.streams import likely_encoding
from connectors.places import Place
from connectors.reading import Reading, Request
from connectors.source import Table
from connectors.understand.looking.databases import Relation, Wanted, seen_in, without_schemas
from connectors.understand.looking.folders import NO_DAYS, file_tables
from connectors.understand.looking.proposal import LeftOut, Proposal, TableProposal
from connectors.understand.looking.scratch import MOST_ROWS, Scratch
from connectors.understand.looking.tables import table_of
from connectors.understand.looking.titles import header_line
from core.addresses import secrets_of
from core.errors import ConfigError, FairleadError, FatalError
from core.home import scratch_folder
from core.settings import Settings

EVERYTHING = Wanted()
NO_DAY, EVERY_DAY = date(1970, 1, 1), date(2200, 1, 1)
MOST_NAMES = 20  # in a sentence
SQLITE = b"SQLite format 3\x00"
NOT_READ = "Let the account read it, or leave it out"


@contextmanager
def looked_at(settings: Settings, data: str, wanted: Wanted = EVERYTHING) -> Iterator[Proposal]:
    """What there seems to be at `data`, and the engine that holds its rows as long as we look.

    wanted    schemas and tables of a database

    Raises ConfigError where there is nothing to look at.
    """
    if not data.strip():
        raise ConfigError("--from is empty: name a file, a pattern, a folder or a database's address.")
    with scratch_folder(settings.home, "look") as folder:
        scratch = Scratch(folder)
        try:
            if "://" in data and not data.startswith("file://"):
                yield _database(settings, data, scratch, wanted)
            elif wanted != EVERYTHING:
                raise ConfigError("--schema and --table go with a database's address.")
            else:
                yield _files(settings, data.removeprefix("file://"), scratch)
        finally:
            scratch.close()


def _refuse_sqlite(data: str) -> None:
    path = Path(data).expanduser()
    if path.is_file():
        with path.open("rb") as file:
            if file.read(len(SQLITE)) == SQLITE:
                raise ConfigError(f"{data} is an SQLite database. Give its address: --from sqlite:///{data}")


def _files(settings: Settings, data: str, scratch: Scratch) -> Proposal:
    _refuse_sqlite(data)
    folder, tables = file_tables(Path(data).expanduser().absolute())
    proposal = Proposal([], scratch, path=folder, days=sorted({d for t in tables if t.days != NO_DAYS for d in t.days}))
    for found in tables:
        name, pattern, days = found.name, found.pattern, found.days
        while name in scratch.columns:
            name += "_more"
        stub = Table(kind="files", pattern=pattern, columns={"unknown": Column(type="text")}, missing="ok")
        place = Place(str(folder), "", True, True)
        request = Request(settings, "looking", name, stub, place, days[0], days[-1], looking=True)
        notes: list[str] = []
        try:
            table, detected = _look_into_file(request, pattern, notes, scratch)
        except FairleadError as error:
            scratch.drop(name)
            proposal.notes.append(f"{pattern}: not read: {error}")
            proposal.left_out.append(LeftOut(pattern, f"not read: {error}", "Mend the file, or leave it out"))
            continue
        proposal.tables.append(table)
        proposal.notes += notes
        proposal.notes += [f"{pattern}: {trait} {value!r} was detected" for trait, value in detected.items()]
        proposal.notes += [f"{pattern}: {note}" for note in table.notes]
    if not proposal.tables:
        raise ConfigError(f"{data}: nothing there that can be read. {' '.join(proposal.notes)}".strip())
    return proposal


def _look_into_file(
    request: Request, pattern: str, notes: list[str], scratch: Scratch
) -> tuple[TableProposal, dict[str, Any]]:
    """What a file holds; `notes` gains a word where its encoding is only likely."""
    declared: dict[str, Any] = {"kind": "files", "pattern": pattern}
    if doubt := likely_encoding(files.head_of(request), request.settings.project.default_country):
        declared["encoding"] = doubt[0]
        notes.append(
            f"{pattern}: encoding {doubt[0]} is IN DOUBT: the file is no UTF-8 and tells no other. "
            f"Are these words right: {', '.join(doubt[1]) or '(none)'}? Else declare another, such as cp1250"
        )
        request = replace(request, table=request.table.model_copy(update={"encoding": doubt[0]}))
    _below_its_title(request, declared, notes)
    request = replace(request, table=request.table.model_copy(update={"header_line": declared.get("header_line", 1)}))
    return _look_into(request, files.read(request), declared, scratch, lambda: _header(request))


def _below_its_title(request: Request, declared: dict[str, Any], notes: list[str]) -> None:
    """Say where the header stands, where lines stand above it."""
    is_delimited = files.format_of(declared["pattern"], declared.get("format")) in ("csv", "tsv")
    head = files.head_of(request).decode(declared.get("encoding", "utf-8-sig"), "replace") if is_delimited else ""
    if (line := header_line(head)) > 1:
        declared["header_line"] = line
        notes.append(f"{declared['pattern']}: the names of its columns stand on line {line}")


def _header(request: Request) -> list[str]:
    """The names in a file's first line, of a file without rows."""
    first = next(iter(files.head_of(request).decode("utf-8-sig", "replace").splitlines()), "")
    delimiter = max(",;\t|", key=first.count)
    return [] if first[:1] in "{[" else [n.strip() for n in next(iter(csv.reader([first], delimiter=delimiter)), [])]


def _database(settings: Settings, url: str, scratch: Scratch, wanted: Wanted) -> Proposal:
    url, schemas = without_schemas(url)
    wanted = replace(wanted, schemas=wanted.schemas or schemas)
    place = Place("", url, True, True)
    stub = Table(kind="sql", table="unknown", columns={"unknown": Column(type="text")})
    seen = seen_in(sql.database_of(Request(settings, "--from", "tables", stub, place, NO_DAY, NO_DAY)), wanted)
    proposal = Proposal([], scratch, url=url, secret=bool(secrets_of(url)))
    for relation in seen.relations:
        _look_into_relation(settings, relation, place, proposal)
    if seen.views:
        why = f"{len(seen.views)} views were not looked at: {', '.join(seen.views[:MOST_NAMES])}"
        proposal.left_out.append(LeftOut("", why, "`--table NAME` names what is looked at, views too", is_light=True))
    if seen.schemas:
        why = f"databases beside it were not looked at: {', '.join(seen.schemas[:MOST_NAMES])}"
        proposal.left_out.append(LeftOut("", why, "`--schema NAME` looks into another one", is_light=True))
    proposal.notes += [f"{left.table}: {left.why}".removeprefix(": ") for left in proposal.left_out]
    if not proposal.tables:
        raise ConfigError(f"the database holds no tables that can be seen. {' '.join(proposal.notes)}".strip())
    return proposal


def _look_into_relation(settings: Settings, relation: Relation, place: Place, proposal: Proposal) -> None:
    """Its rows and what they seem to be; one that cannot be read is told and left."""
    scratch, name = proposal.scratch, relation.name
    while name in scratch.columns:
        name += "_more"
    query = f"{relation.select} limit {MOST_ROWS + 1}"
    table = Table(kind="sql", query=query, columns={"unknown": Column(type="text")})
    request = Request(settings, "looking", name, table, place, NO_DAY, EVERY_DAY, looking=True)
    try:
        found, _ = _look_into(request, sql.read(request), relation.reading, scratch, lambda: relation.columns)
    except FairleadError as error:
        scratch.drop(name)
        proposal.left_out.append(LeftOut(relation.address, f"not read: {error}", NOT_READ))
        return
    found.primary_key = [c for k in relation.primary_key if (c := found.name_of(k))]
    proposal.tables.append(found)
    proposal.notes += [f"{name}: {note}" for note in found.notes]


def _look_into(
    request: Request, reading: Reading, declared: dict[str, Any], scratch: Scratch, header: Callable[[], list[str]]
) -> tuple[TableProposal, dict[str, Any]]:
    """Raises FatalError where there is not even a header."""
    if not scratch.fill(request.name, reading):
        scratch.name_columns(request.name, [n for n in dict.fromkeys(header()) if n])
    if not scratch.columns[request.name]:
        raise FatalError("it is empty.")
    detected = {k: v for k, v in reading.detected.items() if k in ("encoding", "delimiter")}
    return table_of(request.name, {**declared, **detected}, scratch, request.settings), detected
