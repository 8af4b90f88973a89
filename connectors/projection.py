"""One typed projection: whatever a kind yields, as the declared columns, with the first thing wrong in each row beside it.

It always runs in an in-memory DuckDB over the Arrow stream, so that both warehouses read a value the same way.

Rules, the same for every kind: an empty text (and each of `nulls`) is NULL. Integers and numbers are plain decimal notation, no
NaN or infinity. A timestamp is ISO 8601, or seconds or milliseconds since 1970; one without an offset is UTC, or local time where
`time_zone` is declared. An hour that a clock change repeats or skips is read by the zone's standard (winter) time.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import duckdb
import pyarrow as pa

from connectors.kinds.streams import UNREADABLE
from connectors.source import Batch, Column, Table
from core.identifiers import normalise_emails, normalise_phones

ARROW_TYPES = {
    "text": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"), "date": pa.date32(), "json": pa.string(),
}  # fmt: skip
SQL_TYPES = {"text": "varchar", "integer": "bigint", "number": "double", "boolean": "boolean",
             "timestamp": "timestamp", "date": "date", "json": "varchar"}  # fmt: skip
BATCH_ROWS = 50_000
PLAIN_INTEGER = r"[+-]?[0-9]+(\.0*)?"
PLAIN_NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
HAS_OFFSET = r":[0-9]{2}([.,][0-9]+)?\s*(Z|z|[+-][0-9]{2}(:?[0-9]{2})?)$"
OTHER_OFFSET = r":[0-9]{2}([.,][0-9]+)?\s*[+-][0-9]{2}(:?[0-9]{2})?$"  # than Z
EPOCH = r"-?[0-9]{9,10}(\.[0-9]+)?"
EPOCH_MILLISECONDS = r"-?[0-9]{12,13}"


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
    reader = pa.RecordBatchReader.from_batches(first.data.schema, (b.data for b in chain([first], stream)))
    engine = duckdb.connect(config={"threads": 1, "memory_limit": "512MB", "autoload_known_extensions": "false"})
    try:
        engine.execute("set TimeZone = 'UTC'")
        engine.execute("set enable_progress_bar = false")
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
    table, wanted = shape.table, {n: c.source or n for n, c in shape.table.columns.items()}
    arriving = "arriving"
    if first.form == "json":
        arriving, inner = _json_values(table, {**wanted, **shape.extras})
        types = dict.fromkeys(wanted, pa.string())
        content = "c0"
        not_json = (
            "when coalesce(case when json_valid(c0) then json_type(c0) end, '') <> 'OBJECT' then 'not a JSON object'"
        )
        unsafe = f"contains(c0, '{UNREADABLE}') or contains(c0, chr(0)) or contains(c0, '\\u0000')"
    else:
        index = {name: i for i, name in enumerate(first.header)}
        inner = "".join(
            f", {(_as_varchar if n in shape.extras else _as_text_or_native)(first.data.schema.field(f'c{index[s]}').type, f'c{index[s]}') if s in index else 'null::varchar'} as {_q('_v_' + n)}"
            for n, s in {**wanted, **shape.extras}.items()
        )
        types = {
            n: _kept_type(first.data.schema.field(f"c{index[s]}").type) if s in index else pa.string()
            for n, s in wanted.items()
        }
        cells = [_as_varchar(first.data.schema.field(f"c{i}").type, f"c{i}") for i in range(len(first.header))]
        content = "concat_ws(chr(31), " + ", ".join(f"coalesce({c}, chr(30))" for c in cells) + ")"
        not_json, unsafe = "", f"contains(_content, '{UNREADABLE}') or contains(_content, chr(0))"
    typed = ", ".join(f"{typed_sql(_q('_v_' + n), c, types[n], table)} as {_q(n)}" for n, c in table.columns.items())
    extras = "".join(f", nullif({_q('_v_' + n)}, '') as {_q(n)}" for n in shape.extras)
    checks = [(n, c) for n, c in table.columns.items() if c.type != "text"]
    chosen = " ".join(
        f"when {_q(n)} is null and {_given('_v_' + n, types[n], table)} then {i}" for i, (n, _) in enumerate(checks)
    )
    names = " ".join(f"when {i} then {_lit(n)}" for i, (n, _) in enumerate(checks))
    values = " ".join(f"when {i} then left({_q('_v_' + n)}::varchar, 200)" for i, (n, _) in enumerate(checks))
    reasons = " ".join(f"when {i} then {_lit(_cast_reason(c))}" for i, (_, c) in enumerate(checks))
    identity = f"md5(concat_ws(chr(29), {_lit(source)}, {'_file, ' if table.kind == 'files' else ''}_content, coalesce(_error || coalesce(_raw, ''), '')))"
    values_in = "".join(f", {_q('_v_' + n)}" for n in table.columns)
    outputs = "".join(f", {_q(n)}" for n in [*table.columns, *shape.extras])
    return f"""
        select _file, _line, _day, $1 + row_number() over () - 1 as _n, {identity} as _row_id{outputs},
            case when _wrong is not null then null else case _bad {names or "when -1 then ''"} end end as _bad_column,
            case when _error is not null then left(_raw, 200) when _wrong is not null then left(_content, 200)
                else case _bad {values or "when -1 then ''"} end end as _bad_value,
            coalesce(_wrong, case _bad {reasons or "when -1 then ''"} end) as _bad_reason
        from (
            select *, case {chosen or "when false then 0"} end as _bad
            from (
                select _file, _line, _day, _error, _raw, _content{values_in},
                    case when _error is not null then _error
                        when {unsafe} then 'bytes that are not in the encoding, or a NUL character' {not_json} end as _wrong,
                    {typed}{extras}
                from (select _file, _line, _day, _error, _raw, {"c0, " if first.form == "json" else ""}{content} as _content{inner} from {arriving})
            )
        )"""


def typed_sql(v: str, column: Column, arrived: pa.DataType, table: Table) -> str:
    """The expression that turns the value `v` into the column's type, NULL where it cannot."""
    text = pa.types.is_string(arrived)
    if column.type == "text":
        return _nothing(f"{v}::varchar" if not text else v, table)
    if not text and (direct := _direct(v, column, arrived)) is not None:
        return direct
    s = f"trim({_nothing(v if text else f'{v}::varchar', table)})"
    number = f"replace(replace({s}, '.', ''), ',', '.')" if table.decimal == "," else s
    if column.type == "integer":
        return f"case when regexp_full_match({number}, '{PLAIN_INTEGER}') then try_cast({number} as bigint) end"
    if column.type == "number":
        cast = f"try_cast({number} as double)"
        return f"case when regexp_full_match({number}, '{PLAIN_NUMBER}') and isfinite({cast}) then {cast} end"
    if column.type == "boolean":
        return f"case when lower({s}) in ('true', 't', 'yes', 'y', '1') then true when lower({s}) in ('false', 'f', 'no', 'n', '0') then false end"
    if column.type == "json":
        return f"case when json_valid({s}) then {s} end"
    if column.type == "date":
        cast = f"try_strptime({s}, {_lit(column.format)})::date" if column.format else f"try_cast({s} as date)"
        return f"case when isfinite({cast}) then {cast} end"
    return _timestamp(s, column)


def _timestamp(s: str, column: Column) -> str:
    if column.format:
        moment = f"try_strptime({s}, {_lit(column.format)})"
        moment = f"timezone('UTC', timezone({_lit(column.time_zone)}, {moment}))" if column.time_zone else moment
        return f"case when isfinite({moment}) then {moment} end"
    plain = f"try_cast({s} as timestamp)"  # drops an offset without a word, which is right for Z alone
    shifted = f"case when regexp_matches({s}, '{OTHER_OFFSET}') then timezone('UTC', try_cast({s} as timestamptz)) else {plain} end"
    moment = shifted
    if column.time_zone:
        local = f"timezone('UTC', timezone({_lit(column.time_zone)}, {plain}))"
        moment = f"case when regexp_matches({s}, '{HAS_OFFSET}') then {shifted} else {local} end"
    epoch = (
        f"case when regexp_full_match({s}, '{EPOCH}') then timezone('UTC', to_timestamp(try_cast({s} as double)))"
        f" when regexp_full_match({s}, '{EPOCH_MILLISECONDS}') then epoch_ms(try_cast({s} as bigint)) end"
    )
    return f"coalesce(case when isfinite({moment}) then {moment} end, {epoch})"


def _direct(v: str, column: Column, arrived: pa.DataType) -> str | None:
    """Where the source has the very type, no way through text is needed."""
    t = pa.types
    if column.type == "integer" and t.is_integer(arrived):
        return f"try_cast({v} as bigint)"
    if column.type == "number" and (t.is_integer(arrived) or t.is_floating(arrived) or t.is_decimal(arrived)):
        return f"case when isfinite({v}::double) then {v}::double end"
    if (column.type == "boolean" and t.is_boolean(arrived)) or (column.type == "date" and t.is_date(arrived)):
        return v
    if column.type == "timestamp" and t.is_timestamp(arrived):
        if arrived.tz:
            return f"timezone('UTC', {v}::timestamptz)"
        return (
            f"timezone('UTC', timezone({_lit(column.time_zone)}, {v}::timestamp))"
            if column.time_zone
            else f"{v}::timestamp"
        )
    return None


def _json_values(table: Table, places: dict[str, str]) -> tuple[str, str]:
    """A relation with one look into each JSON text for all plain columns and one for those that stay JSON; and their picking."""
    kept = [n for n in places if n in table.columns and table.columns[n].type == "json"]
    plain = [n for n in places if n not in kept]
    looks, picks = "", ""
    for names, function, cell in (
        (plain, "json_extract_string", "{0}[{1}]"),
        (kept, "json_extract", "nullif({0}[{1}]::varchar, 'null')"),
    ):
        if names:
            paths = ", ".join(_lit(_json_path(places[n], n in table.columns)) for n in names)
            looks += f", {function}(case when json_valid(c0) then c0 end, [{paths}]) as _by_{function}"
            picks += "".join(
                f", {cell.format(f'_by_{function}', i)} as {_q('_v_' + n)}" for i, n in enumerate(names, 1)
            )
    return f"(select *{looks} from arriving)", picks


def _json_path(name: str, dotted: bool) -> str:
    parts = name.split(".") if dotted else [name]
    return "$" + "".join('."' + part.replace("\\", "\\\\").replace('"', '\\"') + '"' for part in parts)


def _nothing(v: str, table: Table) -> str:
    out = f"nullif({v}, '')"
    for text in table.nulls:
        out = f"nullif({out}, {_lit(text)})"
    return out


def _given(v: str, arrived: pa.DataType, table: Table) -> str:
    """A value was there: so a NULL behind the cast is a value that could not be read."""
    return f"trim({_nothing(_q(v), table)}) <> ''" if pa.types.is_string(arrived) else f"{_q(v)} is not null"


def _cast_reason(column: Column) -> str:
    return f"not a {column.type}" if column.type[0] not in "aeiou" else f"not an {column.type}"


def _kept_type(kind: pa.DataType) -> pa.DataType:
    return pa.string() if _reads_as_text(kind) else kind


def _reads_as_text(kind: pa.DataType) -> bool:
    t = pa.types
    return (
        t.is_string(kind)
        or t.is_large_string(kind)
        or t.is_nested(kind)
        or t.is_binary(kind)
        or t.is_null(kind)
        or t.is_time(kind)
    )


def _as_text_or_native(kind: pa.DataType, column: str) -> str:
    return _as_varchar(kind, column) if _reads_as_text(kind) else column


def _as_varchar(kind: pa.DataType, column: str) -> str:
    if pa.types.is_nested(kind):
        return f"to_json({column})::varchar"
    return column if pa.types.is_string(kind) else f"{column}::varchar"


def _q(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _lit(text: str | None) -> str:
    return "'" + str(text).replace("'", "''") + "'"
