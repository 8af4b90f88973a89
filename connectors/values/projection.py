"""One typed projection: whatever a kind yields, as the declared columns, and the first thing wrong in each row beside it.

It always runs in an in-memory DuckDB over the Arrow stream, so that both warehouses read a value the same way. How a
value of each type is written stands in `values.py`; an empty text (and each of `nulls`) is NULL.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import duckdb
import pyarrow as pa

from connectors.kinds.streams import UNREADABLE
from connectors.reading import Batch
from connectors.source import Table
from connectors.values.json_text import NUL, Keeping, json_path, teach
from connectors.values.readable import readable
from connectors.values.reasons import reason_sql
from connectors.values.texts import given_sql, is_bytes, lit, reads_as_text, varchar, without_nulls
from connectors.values.typed import typed_sql
from core.identifiers import normalise_emails, normalise_phones

ARROW_TYPES = {
    "text": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"), "date": pa.date32(), "json": pa.string(),
}  # fmt: skip
BATCH_ROWS = 50_000
PLACES = "_file, _line, _day, _error, _raw"


@dataclass(frozen=True)
class Shape:
    """The incoming table's columns: the declared ones, and the undeclared ones as text (raw name -> source name)."""

    table: Table
    extras: dict[str, str]

    def schema(self) -> pa.Schema:
        fields = [*declared_fields(self.table), *((name, pa.string()) for name in self.extras)]
        places = [
            ("_file", pa.string()),
            ("_line", pa.int64()),
            ("_day", pa.date32()),
            ("_n", pa.int64()),
            ("_row_id", pa.string()),
        ]
        return pa.schema(fields + places + [(n, pa.string()) for n in ("_bad_column", "_bad_value", "_bad_reason")])


def declared_fields(table: Table) -> list[tuple[str, pa.DataType]]:
    """The declared columns with the normalised twin behind each identifier."""
    out: list[tuple[str, pa.DataType]] = []
    for name, column in table.columns.items():
        out.append((name, ARROW_TYPES[column.type]))
        if column.identifier:
            out.append((f"{name}__normalised", pa.string()))
    return out


def project(
    batches: Iterable[Batch], source: str, shape: Shape, first_number: int, country: str
) -> Iterator[pa.RecordBatch]:
    """Batches of one header -> typed batches in the shape of `Shape.schema`, numbered from `first_number`.

    country     how a phone number without a country code is read
    """
    stream = iter(batches)
    first = next(stream)
    json = Keeping(shape.table, shape.extras.values()) if first.form == "json" else None
    arriving = (readable(b.data, json) for b in chain([first], stream))
    head = next(arriving)
    reader = pa.RecordBatchReader.from_batches(head.schema, chain([head], arriving))
    engine = duckdb.connect(config={"threads": 1, "memory_limit": "512MB", "autoload_known_extensions": "false"})
    try:
        engine.execute("set TimeZone = 'UTC'")
        engine.execute("set enable_progress_bar = false")
        teach(engine)
        engine.register("arriving", reader)
        sql = projection_sql(first, source, shape)
        for batch in engine.execute(sql, [first_number]).to_arrow_reader(BATCH_ROWS):
            yield _with_twins(batch, shape, country)
    finally:
        engine.close()


def _with_twins(batch: pa.RecordBatch, shape: Shape, country: str) -> pa.RecordBatch:
    columns = {name: batch.column(name) for name in batch.schema.names}
    for name, column in shape.table.columns.items():
        if column.identifier == "email":
            columns[f"{name}__normalised"] = normalise_emails(columns[name])
        elif column.identifier == "phone":
            columns[f"{name}__normalised"] = normalise_phones(columns[name], country)
    schema = shape.schema()
    return pa.RecordBatch.from_arrays([columns[f.name].cast(f.type) for f in schema], schema=schema)


def projection_sql(first: Batch, source: str, shape: Shape) -> str:
    """The statement over `arriving`; $1 is the first row's number."""
    table, as_json = shape.table, first.form == "json"
    places = {**{n: c.source or n for n, c in table.columns.items()}, **shape.extras}
    arriving, picks, content, types = (_json_values if as_json else _cells)(first, table, places)
    typed = ", ".join(f"{typed_sql(_v(n), c, types[n], table)} as {_q(n)}" for n, c in table.columns.items())
    extras = "".join(f", nullif({_v(n)}, '') as {_q(n)}" for n in shape.extras)
    bad, column, value, reason = _first_bad(table, types)
    file = "_file, " if table.kind == "files" else ""
    broken = "coalesce(_error || coalesce(_raw, ''), '')"
    identity = f"md5(concat_ws(chr(29), {lit(source)}, {file}_content, {broken}))"
    values_in = "".join(f", {_v(n)}" for n in table.columns)
    outputs = "".join(f", {_q(n)}" for n in [*table.columns, *shape.extras])
    return f"""
        select _file, _line, _day, $1 + row_number() over () - 1 as _n, {identity} as _row_id{outputs},
            case when _wrong is null then {column} end as _bad_column,
            case when _error is not null then left(_raw, 200) when _wrong is not null then left(_content, 200)
                else {value} end as _bad_value,
            coalesce(_wrong, {reason}) as _bad_reason
        from (
            select *, {bad} as _bad
            from (
                select {PLACES}, _content{values_in}, {_wrong(as_json, table)} as _wrong, {typed}{extras}
                from (select {PLACES}, {"c0, " if as_json else ""}{content} as _content{picks} from {arriving})
            )
        )"""


def _wrong(as_json: bool, table: Table) -> str:
    """What is wrong with a row as a whole."""
    not_json, unsafe = "", f"contains(_content, '{UNREADABLE}') or contains(_content, chr(0))"
    if as_json:
        kind = "coalesce(case when json_valid(c0) then json_type(c0) end, '')"
        not_json = (
            f" when {kind} <> 'OBJECT' then 'not a JSON object' when {_strange(table)} then 'none of the declared keys'"
        )
        unsafe = f"contains(c0, '{UNREADABLE}') or contains(c0, chr(0)) or {_nul('c0')}"
    bytes_wrong = f" when {unsafe} then 'bytes that are not in the encoding, or a NUL character'"
    return f"case when _error is not null then _error{bytes_wrong}{not_json} end"


def _nul(text: str) -> str:
    return f"(contains({text}, '\\u0000') and regexp_matches({text}, '{NUL}'))"


def _strange(table: Table) -> str:
    """Whether a JSON object has no declared key at all. Only rows without any value are looked into again."""
    paths = ", ".join(_path(c.source or n, True) for n, c in table.columns.items())
    empty = " and ".join(f"{_v(n)} is null" for n in table.columns)
    return f"case when {empty} then not list_contains(json_exists(c0, [{paths}]), true) else false end"


def _first_bad(table: Table, types: dict[str, pa.DataType]) -> tuple[str, str, str, str]:
    """The number of the first column that could not be read; and by it that column's name, value and reason."""
    checks = list(enumerate((n, c) for n, c in table.columns.items() if c.type != "text"))
    chosen = [f"{_q(n)} is null and {given_sql(_v(n), types[n], table)} then {i}" for i, (n, _) in checks]
    names = [f"{i} then {lit(n)}" for i, (n, _) in checks]
    values = [f"{i} then left({_v(n)}::varchar, 200)" for i, (n, _) in checks]
    reasons = [f"{i} then {reason_sql(_v(n), c, types[n], table)}" for i, (n, c) in checks]
    if not checks:
        return "null::integer", "null::varchar", "null::varchar", "null::varchar"
    return _case("", chosen), _case("_bad", names), _case("_bad", values), _case("_bad", reasons)


def _case(of: str, whens: list[str]) -> str:
    return f"case {of} when {' when '.join(whens)} end"


# A relation, its values as columns, what tells its rows apart, and the values' types.
Picked = tuple[str, str, str, dict[str, pa.DataType]]


def _cells(first: Batch, table: Table, places: dict[str, str]) -> Picked:
    fields = {name: first.data.schema.field(f"c{i}") for i, name in enumerate(first.header)}
    picks, types = "", {}
    for name, source in places.items():
        kind, cell = (fields[source].type, fields[source].name) if source in fields else (pa.string(), "null::varchar")
        as_text = name not in table.columns or reads_as_text(kind)
        types[name] = pa.string() if as_text else kind
        value = _text_of(kind, cell) if as_text else _less_nulls(kind, cell, table)
        picks += f", {value} as {_v(name)}"
    cells = [f"coalesce({varchar(f.type, f.name)}, chr(30))" for f in fields.values()]
    return "arriving", picks, f"concat_ws(chr(31), {', '.join(cells)})", types


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


def _json_values(first: Batch, table: Table, places: dict[str, str]) -> Picked:
    """One look into each JSON text for all plain columns, one for those that stay JSON, and the picking from them."""
    kept = [n for n in places if n in table.columns and table.columns[n].type == "json"]
    numbers = [n for n, c in table.columns.items() if c.type in ("integer", "number")] if table.decimal == "," else []
    looks, picks = "", ""
    for names, function, cell in (
        ([n for n in places if n not in kept], "json_extract_string", "{0}[{1}]"),
        (kept, "json_extract", "nullif({0}[{1}]::varchar, 'null')"),
    ):
        if names:
            paths = ", ".join(_path(places[n], n in table.columns) for n in names)
            looks += f", {function}(case when json_valid(c0) then c0 end, [{paths}]) as _by_{function}"
            for i, name in enumerate(names, 1):
                value = cell.format(f"_by_{function}", i)
                if name in numbers:  # JSON's own numbers have a point, whatever is declared for those in texts
                    kind = f"json_type(case when json_valid(c0) then c0 end, {_path(places[name], True)})"
                    value = f"case when {kind} = 'VARCHAR' then {value} else replace({value}, '.', ',') end"
                picks += f", {value} as {_v(name)}"
    return f"(select *{looks} from arriving)", picks, "c0", dict.fromkeys(places, pa.string())


def _path(name: str, dotted: bool) -> str:
    return json_path(name.split(".") if dotted else [name])


def _q(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _v(name: str) -> str:
    """The column that holds a value as it came."""
    return _q(f"_v_{name}")
