"""`fairlead dictionary`: what every column is, from its source to the channels, as a page and as JSON in the home."""

import json
from typing import Any

from core.clock import now
from core.column_lineage.graph import read_types
from core.governance.faults import find_faults
from core.settings import Settings
from insight.governance.catalogue import Catalogue, Rooms, Row, built_marts, load_catalogue
from insight.governance.flow import Column, dotted, downstream, upstream
from insight.governance.lineage import governed, receiving
from insight.governance.page import render

FOLDER = "dictionary"


def write(settings: Settings, rooms: Rooms) -> dict[str, Any]:
    """{ok, files, tables, columns, undescribed}; both files are swapped in whole."""
    dictionary = build(settings, rooms)
    folder = settings.home / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    files = {"dictionary.json": json.dumps(dictionary, indent=1), "dictionary.html": render(dictionary)}
    for name, text in files.items():
        scratch = folder / f"{name}.new"
        scratch.write_text(text, encoding="utf-8")
        scratch.replace(folder / name)
    columns = [column for table in dictionary["tables"] for column in table["columns"]]
    return {
        "ok": True, "files": [str(folder / name) for name in files], "tables": len(dictionary["tables"]),
        "columns": len(columns), "undescribed": sum(not column["data_class"] for column in columns),
    }  # fmt: skip


def build(settings: Settings, rooms: Rooms) -> dict[str, Any]:
    """{written_at, project, tables: [{table, description, owner, …, columns: [...]}], faults}, the marts that are
    built. A column: column, type, description, data_class, owner, purpose, retention, sources, chosen_by, receivers.
    """
    catalogue, types = load_catalogue(settings, rooms), read_types(settings)
    marts = {table: columns for table, columns in sorted(types.items()) if table.startswith("marts.")}
    return {
        "written_at": now().isoformat(timespec="seconds"),
        "tables": [_table(catalogue, table, columns) for table, columns in marts.items()],
        "faults": find_faults(catalogue.marts, built_marts({table: list(columns) for table, columns in types.items()})),
    }  # fmt: skip


def _table(catalogue: Catalogue, table: str, types: dict[str, str]) -> Row:
    mart = catalogue.marts.get(table.removeprefix("marts."))
    model = catalogue.graph.models.get(table)
    said = {"description": mart.description, "owner": mart.owner, "purpose": mart.purpose} if mart else {}
    return {
        "table": table, **said, "retention": mart.retention.text if mart else "",
        "retention_means": mart.retention.meaning if mart and mart.retention.is_known else "",
        "model": model.path if model else "",
        "columns": [_column(catalogue, (table, name), kind) for name, kind in types.items()],
    }  # fmt: skip


def _column(catalogue: Catalogue, column: Column, kind: str) -> Row:
    _, ends = upstream(catalogue.graph, [column])
    said = governed(catalogue, column)
    said["description"] = said["description"] or _inherited(catalogue, column)
    values = sorted(dotted(end) for end, done in ends.items() if done != "choice")
    return {
        "column": column[1], "type": kind, **said, "sources": values,
        "chosen_by": sorted(dotted(end) for end, done in ends.items() if done == "choice"),
        "receivers": [
            {"sync": row["sync"], "channel": row["channel"], "field": row["field"], "kind": row["kind"]}
            for row in receiving(catalogue, downstream(catalogue.graph, [column]))
            if row["kind"] != "choice"
        ],
    }  # fmt: skip


def _inherited(catalogue: Catalogue, column: Column) -> str:
    """What is said of the very value where it comes from."""
    for origin in catalogue.graph.origins(*column):
        if origin.kind == "identity" and (words := governed(catalogue, (origin.table, origin.column))["description"]):
            return str(words)
    return ""
