"""Governance for `fairlead doctor`: columns that say nothing of themselves, and rows older than their retention."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from core.column_lineage.graph import Graph, load_graph, read_types
from core.errors import FairleadError, FatalError
from core.governance.classes import SENSITIVE
from core.governance.complete import complete_marts
from core.governance.declared import Mart
from core.governance.faults import find_faults
from core.settings import Settings
from core.warehouse import Warehouse, connect
from insight.ahead import membership_day
from insight.governance.catalogue import built_marts

SHOWN = 5
MEND = "Write it in the file named; docs/reference/governance.md says what each word means."
TOO_OLD = "Take the rows out at their source and of raw, or declare a longer retention; nothing deletes them yet."
Check = dict[str, Any]


def check(settings: Settings) -> list[Check]:
    """Of the marts that are built, of a company's own folder too."""
    types = read_types(settings)
    built = built_marts({table: list(columns) for table, columns in types.items()})
    if not built:
        return []
    marts = complete_marts(settings, built)
    faults = [*find_faults({name: marts[name] for name in marts if name in built}, built), *_milder(settings, marts)]
    columns = sum(map(len, built.values()))
    return [
        _result("governance", faults, f"{columns} columns of {len(built)} marts say what they are", MEND),
        _result("retention", list(_too_old(settings, marts, types)), "no row is older than its retention", TOO_OLD),
    ]


def build_notices(settings: Settings) -> list[str]:
    """Of a build that made the marts: how many of a company's columns say nothing of themselves."""
    try:
        built = built_marts({table: list(columns) for table, columns in read_types(settings).items()})
        marts = complete_marts(settings, built)
        faults = find_faults({name: marts[name] for name in marts if name in built}, built)
    except FairleadError:
        return []  # that it cannot be looked at undoes no build
    return (
        [f"{len(faults)} faults of governance, the first: {faults[0]} `fairlead doctor` names more."] if faults else []
    )


def _result(name: str, faults: list[str], fine: str, mend: str) -> Check:
    more = f" … and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
    detail = " ".join(faults[:SHOWN]) + more if faults else fine
    return {"check": name, "ok": not faults, "detail": detail, "mend": mend if faults else ""}


def _milder(settings: Settings, marts: Mapping[str, Mart]) -> Iterator[str]:
    """Columns that are the very value of a sensitive one, and are declared to be something else."""
    try:
        graph = load_graph(settings)
    except FatalError:
        return
    for mart in marts.values():
        for column in mart.columns.values():
            origin = _sensitive_origin(graph, marts, f"marts.{mart.name}", column.name)
            if origin and column.data_class not in ("", SENSITIVE):
                yield (
                    f"{column.place}: {mart.name}.{column.name} is declared {column.data_class}, and is the very value"
                    f" of {origin}, which is sensitive."
                )


def _sensitive_origin(graph: Graph, marts: Mapping[str, Mart], table: str, column: str) -> str:
    for origin in graph.origins(table, column):
        mart = marts.get(origin.table.removeprefix("marts.")) if origin.table.startswith("marts.") else None
        declared = mart.columns.get(origin.column) if mart else None
        if origin.kind == "identity" and declared and declared.data_class == SENSITIVE:
            return f"{origin.table}.{origin.column}"
    return ""


def _too_old(settings: Settings, marts: Mapping[str, Mart], types: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """As of the newest day that was built."""
    day = membership_day(settings)
    with connect(settings) as db:
        for mart in marts.values() if day else ():
            columns = types.get(f"marts.{mart.name}", {})
            if day and mart.retention_by in columns:
                yield from _of_mart(db, mart, day, columns)


def _of_mart(db: Warehouse, mart: Mart, day: date, columns: Mapping[str, str]) -> Iterator[str]:
    shorter = {
        column.name: column.retention
        for column in mart.columns.values()
        if column.name in columns and column.retention.days and column.retention != mart.retention
    }
    wanted = [("", mart.retention), *shorter.items()]
    for column, retention in wanted:
        if not retention.days:
            continue
        holds = f" and {column} is not null" if column else ""
        sql = f"select count(*) as n from marts.{mart.name} where {mart.retention_by} < $1{holds}"
        count = db.query(sql, [day - timedelta(days=retention.days)])["n"][0].as_py()
        if count:
            name = f"{mart.name}.{column}" if column else mart.name
            yield f"marts.{name}: {count:,} rows are older than {retention.text} by {mart.retention_by} as of {day}."
