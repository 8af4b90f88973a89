"""What stands in a batch behind its header, in SQL: each column's value, picked from cells or from JSON."""

from dataclasses import dataclass

import pyarrow as pa

from connectors.column import PARTS, Column
from connectors.reading import Batch
from connectors.source import Table
from connectors.values.json_text import json_path, steps_of
from connectors.values.texts import is_bytes, reads_as_text, varchar, without_nulls
from connectors.values.value import Value

# The case keeps the engine from looking into text that is no JSON.
VALID_JSON = "case when json_valid(c0) then c0 end"


@dataclass(frozen=True)
class Picks:
    """A relation over `arriving`, the expression that tells its rows apart, and the values that its rows hold."""

    relation: str
    content: str
    values: list[Value]


def picks_of(first: Batch, table: Table, places: dict[str, str]) -> Picks:
    """places   name in raw -> name at the source, the declared columns first"""
    return (_json_picks if first.form == "json" else _cell_picks)(first, table, places)


def path_of(name: str, dotted: bool) -> str:
    return json_path(steps_of(name) if dotted else [name])


def _cell_picks(first: Batch, table: Table, places: dict[str, str]) -> Picks:
    fields = {name: first.data.schema.field(f"c{i}") for i, name in enumerate(first.header)}
    values = []
    for name, source in places.items():
        kind, cell = (fields[source].type, fields[source].name) if source in fields else (pa.string(), "null::varchar")
        if name not in table.columns or reads_as_text(kind):
            expression, arrived_type = _text_of(kind, cell), pa.string()
        else:
            expression, arrived_type = _less_nulls(kind, cell, table), kind
        values.append(Value(name, expression, arrived_type, table.columns.get(name), table))
    cells = [f"coalesce({varchar(f.type, f.name)}, chr(30))" for f in fields.values()]
    return Picks("arriving", f"concat_ws(chr(31), {', '.join(cells)})", values)


def _text_of(kind: pa.DataType, cell: str) -> str:
    """Bytes are text where they are UTF-8, as old writers of Parquet have it, and else shown as `\\xFF`."""
    if not is_bytes(kind):
        return varchar(kind, cell)
    decoded = f"try(decode({cell}))"
    return f"case when contains({decoded}, chr(0)) then {cell}::varchar else coalesce({decoded}, {cell}::varchar) end"


def _less_nulls(kind: pa.DataType, cell: str, table: Table) -> str:
    if not table.nulls:
        return cell
    return f"case when {without_nulls(varchar(kind, cell), table)} is not null then {cell} end"


def _json_picks(first: Batch, table: Table, places: dict[str, str]) -> Picks:
    """One look into each JSON text for all plain columns, one for those that stay JSON, and the picking from them."""
    json_names = [n for n in places if n in table.columns and table.columns[n].type == "json"]
    plain = [n for n in places if n not in json_names]
    looks, expressions = "", dict[str, str]()
    for names, function, cell in (
        (plain, "json_extract_string", "{0}[{1}]"),
        (json_names, "json_extract", "nullif({0}[{1}]::varchar, 'null')"),
    ):
        if names:
            paths = ", ".join(path_of(places[n], n in table.columns) for n in names)
            looks += f", {function}({VALID_JSON}, [{paths}]) as _by_{function}"
            expressions |= {n: cell.format(f"_by_{function}", i) for i, n in enumerate(names, 1)}
    values = [
        Value(n, *_as_date(_with_comma(expressions[n], n, source, table), table.columns.get(n)), table)
        for n, source in places.items()
    ]
    return Picks(f"(select *{looks} from arriving)", "c0", values)


def _as_date(expression: str, column: Column | None) -> tuple[str, pa.DataType, Column | None]:
    """A date in three numbers as the text of an ISO date, which is then judged as any other."""
    if column is None or column.format != PARTS:
        return expression, pa.string(), column
    whole = f"case when json_valid({expression}) and json_type({expression}) = 'OBJECT' then {expression} end"
    parts = [f"json_extract_string({whole}, '$.{part}')" for part in ("year", "month", "day")]
    padded = [parts[0], *(f"repeat('0', 2 - length({part})) || {part}" for part in parts[1:])]
    iso = f"coalesce({' || chr(45) || '.join(padded)}, {expression})"
    return iso, pa.string(), column.model_copy(update={"format": None})


def _with_comma(expression: str, name: str, source: str, table: Table) -> str:
    """JSON's own numbers have a point, whatever is declared for those in texts."""
    column = table.columns.get(name)
    if table.decimal != "," or column is None or column.type not in ("integer", "number"):
        return expression
    kind = f"json_type({VALID_JSON}, {path_of(source, True)})"
    return f"case when {kind} = 'VARCHAR' then {expression} else replace({expression}, '.', ',') end"
