"""`fairlead lineage NAME`: where a column or a channel's field comes from, and who receives it."""

from collections.abc import Iterable
from typing import Any

from core.settings import Settings
from insight.governance.catalogue import Catalogue, Rooms, Row, load_catalogue
from insight.governance.flow import Column, dotted, downstream, upstream
from insight.governance.names import find_columns

WRITERS = {
    "identity": "fairlead resolve, from intermediate.int_people__identifiers and int_people__records",
    "activation": "fairlead push", "ops": "Fairlead's own record", "staging": "a seed of the project",
}  # fmt: skip
GOVERNED = ("data_class", "owner", "purpose")


def lineage(settings: Settings, name: str, rooms: Rooms) -> dict[str, Any]:
    """{ok, name, fields, columns: [{column, data_class, owner, purpose, retention, description, steps, sources, uses,
    decides, receivers, models}]}. Raises ConfigError for a name that nothing has.
    """
    catalogue = load_catalogue(settings, rooms)
    columns, fields = find_columns(catalogue, name)
    return {"ok": True, "name": name, "fields": fields, "columns": [of_column(catalogue, one) for one in columns]}


def of_column(catalogue: Catalogue, column: Column) -> Row:
    steps, ends = upstream(catalogue.graph, [column])
    goes_to = downstream(catalogue.graph, [column])
    return {
        "column": dotted(column), **governed(catalogue, column), "steps": steps,
        "sources": _sources(catalogue, ends), "uses": _uses(column, goes_to),
        "decides": _decides(catalogue, goes_to), "receivers": receiving(catalogue, goes_to),
        "models": _models(catalogue, goes_to),
    }  # fmt: skip


def governed(catalogue: Catalogue, column: Column) -> Row:
    """What is declared of it; '' of a table that is no mart."""
    schema, _, table = column[0].partition(".")
    mart = catalogue.marts.get(table) if schema == "marts" else None
    declared = mart.columns.get(column[1]) if mart else None
    if declared is None:
        return dict.fromkeys((*GOVERNED, "retention", "description", "declared_in"), "")
    described = {key: getattr(declared, key) for key in GOVERNED}
    return described | {
        "retention": declared.retention.text, "description": declared.description, "declared_in": declared.place,
    }  # fmt: skip


def _sources(catalogue: Catalogue, ends: dict[Column, Any]) -> list[Row]:
    raw = {table for table, _ in ends if table.startswith("raw.")}
    known = catalogue.rooms.sources(catalogue.settings, raw) if raw else {}
    rows = []
    for (table, column), kind in sorted(ends.items()):
        schema = table.partition(".")[0]
        origin = known.get(table, {}).get(column, {})
        writer = "" if schema == "raw" else WRITERS.get(schema, "")
        rows.append({"column": dotted((table, column)), "kind": kind, "schema": schema, "writer": writer, **origin})
    return rows


def _uses(start: Column, goes_to: dict[Column, Any]) -> list[Row]:
    """Of the marts and scores alone: what lies between is no table that anybody reads."""
    return [
        {"column": dotted(column), "kind": kind}
        for column, kind in sorted(goes_to.items())
        if column != start and column[0].startswith(("marts.", "scores."))
    ]


def _decides(catalogue: Catalogue, goes_to: Iterable[Column]) -> list[str]:
    """The marts whose rows depend on it: a segment that asks for it, an audience that it is joined by."""
    tables = {table for column in goes_to for table in catalogue.graph.decided.get(column, ())}
    return sorted(table for table in tables if table.startswith("marts."))


def receiving(catalogue: Catalogue, goes_to: dict[Column, Any]) -> list[Row]:
    return [
        {**row, "kind": goes_to[row["table"], row["column"]]}
        for row in catalogue.receivers
        if (row["table"], row["column"]) in goes_to
    ]


def _models(catalogue: Catalogue, goes_to: Iterable[Column]) -> list[str]:
    """The predictive models that learn from it."""
    names = set(goes_to)
    return [
        row["model"] for row in catalogue.models if any((row["table"], column) in names for column in row["columns"])
    ]
