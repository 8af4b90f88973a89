"""One typed projection: whatever a kind yields, as the declared columns, beside the first fault of each row.

It always runs in an in-memory DuckDB over the Arrow stream, so that both warehouses read a value the same way. How a
value of each type is written stands in `values.py`; an empty text (and each of `nulls`) is NULL.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import duckdb
import numpy as np
import pyarrow as pa

from connectors.kinds.streams import UNREADABLE
from connectors.reading import Batch
from connectors.source import Table
from connectors.values.json_text import NUL, Keeping, teach
from connectors.values.picks import path_of, picks_of
from connectors.values.readable import readable
from connectors.values.texts import lit
from connectors.values.value import MOST_SHOWN, Value
from core.countries import country_codes
from core.identifiers import normalise

ARROW_TYPES = {
    "text": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"), "date": pa.date32(), "json": pa.string(),
}  # fmt: skip
BATCH_ROWS = 122_880  # what DuckDB keeps together: of smaller batches it copies each row once more
BATCH_BYTES = 64 << 20  # of wide rows fewer
IDENTITY = "_identity"  # a column beside a row's own: by what it is known, where that is not its content
PROJECTION = """
    select _origin, _line, _day, {row_id} as _row_key, {names},
        case when _wrong is null then {column} end as _bad_column,
        case when _error is not null then left(_raw, {most_shown})
            when _wrong is not null then left(_content, {most_shown})
            else {value} end as _bad_value,
        coalesce(_wrong, {reason}) as _bad_reason
    from (
        select *, {failed} as _bad
        from (
            select _origin, _line, _day, _error, _raw, _content{identity}, {originals}, {wrong} as _wrong, {typed}
            from (select _origin, _line, _day, _error, _raw, {content}, {picks} from {relation})
        )
    )"""


@dataclass(frozen=True)
class Shape:
    """The incoming table's columns: the declared ones, and the undeclared ones as text (raw name -> source name)."""

    table: Table
    extras: dict[str, str]

    def schema(self) -> pa.Schema:
        fields = [*declared_fields(self.table), *((name, pa.string()) for name in self.extras)]
        places = [
            ("_origin", pa.string()),
            ("_line", pa.int64()),
            ("_day", pa.date32()),
            ("_n", pa.int64()),
            ("_row_key", pa.string()),
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


def project(batches: Iterable[Batch], source: str, shape: Shape, country: str) -> Iterator[pa.RecordBatch]:
    """Batches of one header -> typed batches in the shape of `Shape.schema`, whose rows have no number yet.

    country     how a phone number without a country code is read
    """
    stream = iter(batches)
    first = next(stream, None)
    if first is None:
        return
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
        for batch in engine.execute(sql).to_arrow_reader(_batch_rows(head)):
            yield _whole(batch, shape, country)
    finally:
        engine.close()


def _batch_rows(first: pa.RecordBatch) -> int:
    return max(1, min(BATCH_ROWS, BATCH_BYTES * first.num_rows // max(first.nbytes, 1)))


def numbered(batches: Iterable[pa.RecordBatch], first_number: int) -> Iterator[pa.RecordBatch]:
    """Typed batches with each row's number in its place. (The engine's own row_number took a fifth of the typing.)"""
    for batch in batches:
        numbers = pa.array(np.arange(first_number, first_number + batch.num_rows))
        yield batch.set_column(batch.schema.get_field_index("_n"), "_n", numbers)
        first_number += batch.num_rows


def _whole(batch: pa.RecordBatch, shape: Shape, country: str) -> pa.RecordBatch:
    """With the normalised twins."""
    columns = {name: batch.column(name) for name in batch.schema.names}
    columns["_n"] = pa.nulls(batch.num_rows, pa.int64())
    for name, column in shape.table.columns.items():
        if column.identifier:
            lands = country_codes(columns[column.country].cast(pa.string())) if column.country else None
            columns[f"{name}__normalised"] = normalise(column.identifier, columns[name], country, lands)
    schema = shape.schema()
    return pa.RecordBatch.from_arrays([columns[f.name].cast(f.type) for f in schema], schema=schema)


def projection_sql(first: Batch, source: str, shape: Shape) -> str:
    """The statement over `arriving`."""
    table, as_json = shape.table, first.form == "json"
    picks = picks_of(first, table, {**{n: c.source or n for n, c in table.columns.items()}, **shape.extras})
    declared = [value for value in picks.values if value.column is not None]
    content, has_identity = f"{picks.content} as _content", IDENTITY in first.data.schema.names
    return PROJECTION.format(
        row_id=_row_key(source, table, f"coalesce({IDENTITY}, _content)" if has_identity else "_content"),
        identity=f", {IDENTITY}" if has_identity else "",
        names=", ".join(value.quoted for value in picks.values),
        originals=", ".join(value.original for value in declared),
        typed=", ".join(value.typed for value in picks.values),
        picks=", ".join(value.pick for value in picks.values),
        relation=picks.relation,
        content=", ".join(["c0"] * as_json + [content] + [IDENTITY] * has_identity),
        wrong=_wrong(as_json, declared),
        most_shown=MOST_SHOWN,
        **_first_failed([value for value in declared if value.can_fail]),
    )


def _row_key(source: str, table: Table, content: str) -> str:
    file = "_origin, " if table.kind == "files" else ""
    broken = "coalesce(_error || coalesce(_raw, ''), '')"
    return f"md5(concat_ws(chr(29), {lit(source)}, {file}{content}, {broken}))"


def _wrong(as_json: bool, declared: list[Value]) -> str:
    """What is wrong with a row as a whole."""
    not_json, unsafe = "", f"contains(_content, '{UNREADABLE}') or contains(_content, chr(0))"
    if as_json:
        kind = "coalesce(case when json_valid(c0) then json_type(c0) end, '')"
        not_json = (
            f" when {kind} <> 'OBJECT' then 'not a JSON object'"
            f" when {_strange(declared)} then 'none of the declared keys'"
        )
        unsafe = f"contains(c0, '{UNREADABLE}') or contains(c0, chr(0)) or {_nul('c0')}"
    bytes_wrong = f" when {unsafe} then 'bytes that are not in the encoding, or a NUL character'"
    return f"case when _error is not null then _error{bytes_wrong}{not_json} end"


def _nul(text: str) -> str:
    return f"(contains({text}, '\\u0000') and regexp_matches({text}, '{NUL}'))"


def _strange(declared: list[Value]) -> str:
    """Whether a JSON object has no declared key at all. Only rows without any value are looked into again."""
    paths = ", ".join(path_of(v.column.source or v.name, True) for v in declared if v.column is not None)
    empty = " and ".join(f"{value.original} is null" for value in declared)
    return f"case when {empty} then not list_contains(json_exists(c0, [{paths}]), true) else false end"


def _first_failed(values: list[Value]) -> dict[str, str]:
    """The number of the first value that could not be read; and by it that column's name, its value and the reason."""
    if not values:
        return {"failed": "null::integer"} | dict.fromkeys(("column", "value", "reason"), "null::varchar")
    numbered = list(enumerate(values))
    return {
        "failed": _case("", [f"{value.failed} then {i}" for i, value in numbered]),
        "column": _case("_bad", [f"{i} then {lit(value.name)}" for i, value in numbered]),
        "value": _case("_bad", [f"{i} then {value.excerpt}" for i, value in numbered]),
        "reason": _case("_bad", [f"{i} then {value.reason}" for i, value in numbered]),
    }


def _case(of: str, whens: list[str]) -> str:
    return f"case {of} when {' when '.join(whens)} end"
