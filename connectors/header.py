"""Whether what arrives is the table that was declared: its names are looked at before its rows are kept.

A file without its header gives its first row away, and all others as nothing; one with other names lands every declared
column empty. Where consents come from that loses withdrawals in silence. Messages hold no name as it stands: it may be
somebody's.
"""

import re
from collections.abc import Iterable, Sequence

import pyarrow as pa

from connectors.column import SQL_WORDS
from connectors.landing.tables import PLACES, Landing
from connectors.reading import Request, short
from connectors.source import Table
from connectors.values.projection import declared_fields
from core.errors import FatalError
from core.identifiers import normalise_emails

DATE = re.compile(r"(?<!\d)\d{4}([-_./]?)\d{2}\1\d{2}(?!\d)")  # a column of a day is nobody's telephone
SOMEBODYS = re.compile(r"[^\s@]@[^\s@]|\d(?:[ ().-]?\d){5,}")
CONTACTS = ("email", "phone")  # identifiers by which somebody says no
MEND = "Nothing was kept. Mend what is sent, or declare its names with `from`."


def raw_names(table: Table, names: Iterable[str]) -> dict[str, str]:
    """Raw names of undeclared columns -> theirs: snake_case, none of the declared or of ours, nobody's address."""
    reserved = {n for n, _ in declared_fields(table)} | {n for n, _ in PLACES} | SQL_WORDS
    out: dict[str, str] = {}
    for name in names:
        split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", "" if SOMEBODYS.search(DATE.sub("", name)) else name)
        snake = re.sub(r"_+", "_", re.sub(r"[^a-z0-9]+", "_", split.lower())).strip("_")[:50]
        snake = snake if snake[:1].isalpha() else f"column_{snake}".rstrip("_")
        candidate, number = snake, 1
        while candidate in reserved:
            number += 1
            candidate = f"{snake}_{number}"
        reserved.add(candidate)
        out[candidate] = name
    return out


def judge(request: Request, names: Sequence[str], warnings: list[str]) -> None:
    """The names of columns that stand in order: a first line, a Parquet schema, a relation.

    What is doubtful joins `warnings`.

    Raises FatalError where none is declared, where an address stands among them, where a key is missing; and of a table
    that feeds consents or messages, where an identifier is missing, or any column while an unknown one is there: it may
    be the same.
    """
    declared = {c.source or n: n for n, c in request.table.columns.items()}
    strangers = [n for n in names if n not in declared]
    missing_columns = [source for source in declared if source not in names]
    if request.looking or not (missing_columns or strangers):
        return
    _refuse_another_header(declared, strangers, missing_columns)
    names_by_raw = raw_names(request.table, strangers)
    new = [name for raw_name, name in names_by_raw.items() if raw_name not in request.raw_columns]
    needed = [m for m in missing_columns if _is_needed(request, declared[m])] or (
        missing_columns if request.holds_a_no and new else []
    )
    if needed:
        raise FatalError(f"no column {_name_list(needed)}{_perhaps(new)} {MEND}")
    if missing_columns and (warning := f"no column {_name_list(missing_columns)}{_perhaps(new)}") not in warnings:
        warnings.append(warning)


def _refuse_another_header(declared: dict[str, str], strangers: list[str], missing_columns: list[str]) -> None:
    """Raises FatalError where no declared name is there, or where a name is somebody's address."""
    if len(missing_columns) == len(declared):
        raise FatalError(
            f"none of the declared columns ({_name_list(missing_columns)}) is there, but "
            f"{_name_list(map(short, strangers))}: is there no header, or another? {MEND}"
        )
    names = pa.array(strangers, pa.string())
    addresses = names.filter(normalise_emails(names).is_valid())
    if len(addresses):
        raise FatalError(
            f"an address stands among the names of columns ({short(addresses[0].as_py())}): is there no header? {MEND}"
        )


def judge_keys(request: Request, landing: Landing, new_columns: Sequence[str], warnings: list[str]) -> None:
    """The same of JSON, whose rows may leave out a key: what is declared, and stands in no row of a file while an
    unknown key does.

    Raises FatalError where that is a part of the key, or every identifier of a table that feeds consents or messages.
    """
    columns = request.table.columns
    identifiers = [
        n for n, c in columns.items() if c.identifier in CONTACTS and request.holds_a_no
    ]  # elsewhere a key left out says little
    watched = [n for n in dict.fromkeys([*request.table.key, *identifiers]) if not columns[n].required]
    if not (watched and new_columns):
        return
    counts = ", ".join(f'count("{n}") as "{n}"' for n in watched)
    files = landing.db.query(
        f"select {counts} from {landing.arrived} where _bad_reason is null group by _origin"
    ).to_pylist()
    for row_counts in files:
        empty = [n for n in watched if not row_counts[n]]
        unfilled = [n for n in empty if n in request.table.key]
        if identifiers and set(identifiers) <= set(empty):
            unfilled += identifiers
        if unfilled:
            raise FatalError(f"no row has {_name_list(dict.fromkeys(unfilled))}{_perhaps(new_columns)} {MEND}")
        if empty and (warning := f"no row has {_name_list(empty)}{_perhaps(new_columns)}") not in warnings:
            warnings.append(warning)


def _is_needed(request: Request, name: str) -> bool:
    return name in request.table.key or (request.holds_a_no and request.table.columns[name].identifier in CONTACTS)


def _perhaps(new: Sequence[str]) -> str:
    return f", but {_name_list(map(short, new))}, which is new: is it the same?" if new else "."


def _name_list(names: Iterable[str]) -> str:
    every_name = list(names)
    return ", ".join(every_name[:5]) + (f" and {len(every_name) - 5} more" if len(every_name) > 5 else "")
