"""Where a raw table's columns come from, as its source file says: for lineage."""

from collections.abc import Iterable
from typing import Any

from connectors.source import Table
from connectors.source_files import readable_sources, source_paths
from core.project.files import shown
from core.settings import Settings


def declared_columns(settings: Settings, raw_tables: Iterable[str]) -> dict[str, dict[str, dict[str, Any]]]:
    """raw.<source>__<table> -> its column -> {source, place, from, file}; nothing of a source that cannot be read."""
    paths, wanted = source_paths(settings), {name.removeprefix("raw.") for name in raw_tables}
    names = [name for name in paths if any(table.startswith(f"{name}__") for table in wanted)]
    sources, _ = readable_sources(settings, names) if names else ({}, {})
    result: dict[str, dict[str, dict[str, Any]]] = {}
    for name, source in sources.items():
        for table_name, table in source.tables.items():
            if f"{name}__{table_name}" in wanted:
                place = {"source": name, "place": _place(table), "file": shown(settings, paths[name][0])}
                columns = {column: {**place, "from": spec.source or column} for column, spec in table.columns.items()}
                result[f"raw.{name}__{table_name}"] = columns | {
                    f"{column}__normalised": columns[column]
                    for column, spec in table.columns.items()
                    if spec.identifier
                }
    return result


def _place(table: Table) -> str:
    """What is read, in the source's own words: a pattern of files, a table, a path of an API, a topic."""
    return str(table.pattern or table.table or table.path or getattr(table, "topic", None) or table.kind)
