"""What a name means: a column of any table, or a field at a channel; and what it may have meant where there is none."""

import difflib
from collections.abc import Iterable, Iterator, Mapping

from core.errors import ConfigError
from insight.governance.catalogue import Catalogue, Row

FIRST_SCHEMAS = ("marts", "raw", "scores", "identity", "intermediate", "staging")  # where a short name is looked for
OFFERED, MOST = 5, 12
Column = tuple[str, str]  # schema.table, column


def find_columns(catalogue: Catalogue, name: str) -> tuple[list[Column], list[Row]]:
    """(the columns that it names, the fields it is where it names a field).

    Raises ConfigError, which offers the nearest names, where it is neither, and where a bare column is in many tables.
    """
    words = name.strip().strip('"').lower()
    if column := _qualified(catalogue.graph.tables, words):
        return [column], []
    if fields := _fields(catalogue.receivers, name.strip()):
        return list(dict.fromkeys((row["table"], row["column"]) for row in fields)), fields
    if "." not in words and (columns := _bare(catalogue.graph.tables, words)):
        return columns, []
    raise ConfigError(_unknown(catalogue, words))


def _qualified(tables: Mapping[str, list[str]], words: str) -> Column | None:
    """schema.table.column, table.column, or source.table.column as a source file names them."""
    table, _, column = words.rpartition(".")
    source, _, of_source = table.partition(".")
    forms = [table, f"raw.{source}__{of_source}", *(f"{schema}.{table}" for schema in FIRST_SCHEMAS)]
    return next(((form, column) for form in forms if column in tables.get(form, ())), None)


def _fields(receivers: list[Row], name: str) -> list[Row]:
    """A channel's field, or a sync's; a field may have dots of its own."""
    return [row for row in receivers if name in (f"{row['channel']}.{row['field']}", f"{row['sync']}.{row['field']}")]


def _bare(tables: Mapping[str, list[str]], column: str) -> list[Column]:
    if column in tables.get("marts.profiles", ()):
        return [("marts.profiles", column)]
    owners = [table for table, columns in tables.items() if table.startswith("marts.") and column in columns]
    if len(owners) > 1:
        shown = ", ".join(f"{table.removeprefix('marts.')}.{column}" for table in owners[:MOST])
        raise ConfigError(f"{column} is a column of {len(owners)} marts. Name one: {shown}.")
    return [(owners[0], column)] if owners else []


def _unknown(catalogue: Catalogue, words: str) -> str:
    names = dict.fromkeys(_names(catalogue))
    near = difflib.get_close_matches(words, names, OFFERED, 0.6)
    last = words.rpartition(".")[2]
    alike = [name for name in names if name.rpartition(".")[2] == last][:OFFERED]
    offered = list(dict.fromkeys([*near, *alike]))[:OFFERED]
    mend = f"Nearest: {', '.join(offered)}." if offered else "`fairlead dictionary` writes a page with all of them."
    return f"No column and no channel field {words!r}. {mend}"


def _names(catalogue: Catalogue) -> Iterator[str]:
    tables = catalogue.graph.tables
    yield from _of_schema(tables, "marts")
    yield from (f"{row['channel']}.{row['field']}" for row in catalogue.receivers)
    for schema in ("raw", "scores", "identity"):
        yield from (f"{schema}.{name}" for name in _of_schema(tables, schema))


def _of_schema(tables: Mapping[str, list[str]], schema: str) -> Iterable[str]:
    of_schema = ((table, columns) for table, columns in tables.items() if table.startswith(f"{schema}."))
    return (f"{table.partition('.')[2]}.{column}" for table, columns in of_schema for column in columns)
