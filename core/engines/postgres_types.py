"""Between PostgreSQL's types and Arrow's: what ADBC hands over as it is meant, and what the server must write out
first.
"""

from collections.abc import Sequence
from contextlib import suppress

import pyarrow as pa
import pyarrow.compute as pc

from core.engines.limited_read import Infinities

ARROW_TYPES = {
    "bigint": pa.int64(),
    "integer": pa.int32(),
    "smallint": pa.int16(),
    "double precision": pa.float64(),
    "real": pa.float32(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp without time zone": pa.timestamp("us"),
    "text": pa.string(),
    "character varying": pa.string(),
    "numeric": pa.decimal128(38, 9),
}
NAMED = (
    b"POSTGRESQL:type"  # where ADBC says a column's type; of a domain the one below it, of a list `_` and its item's
)
# pg_type.typname of what comes as it is meant. Money comes in hundredths, an oid with a sign, much else as the server's
# own bytes.
AS_THEY_ARE = {
    "bool", "int2", "int4", "int8", "float4", "float8", "numeric", "text", "varchar", "bpchar", "char", "name", "date",
    "time", "timestamp", "timestamptz", "bytea", "uuid", "json", "jsonb", "void",
}  # fmt: skip
NUMBERS = {"money": "numeric", "oid": "bigint"}  # what is a number all the same; the rest comes as the server writes it
MOST_DIGITS = 76  # of a decimal of Arrow's
# 2000-01-01, from where PostgreSQL counts, is added by ADBC to its largest and smallest number, which goes round.
_DAYS, _MICROSECONDS = 10_957, 946_684_800_000_000
INFINITIES = Infinities(
    days=(_DAYS - 2**31 - 1, _DAYS - 2**31), times=(_MICROSECONDS - 2**63 - 1, _MICROSECONDS - 2**63)
)


def written_out(sql: str, described: pa.Schema) -> str:
    """The read itself, or one around it in which the server writes out what would not come as it is meant."""
    kinds = [(field.metadata or {}).get(NAMED, b"").decode() for field in described]
    if all(_comes_as_meant(kind) for kind in kinds):
        return sql
    names = [f"c{place}" for place in range(len(kinds))]  # a read may give two columns of one name
    columns = ", ".join(f"{_as_text(name, kind)} as {name}" for name, kind in zip(names, kinds, strict=True))
    from core.engines.parsed_statements import without_end

    return f"select {columns} from (\n{without_end(sql, 'postgres')}\n) as q ({', '.join(names)})"


def _as_text(name: str, kind: str) -> str:
    if _comes_as_meant(kind):
        return f"q.{name}"
    if kind in NUMBERS:
        return f"cast(q.{name} as {NUMBERS[kind]})"
    return (
        f"case when q.{name} is distinct from null then format('%s', q.{name}) end"  # a cast adds to some (inet: /32)
    )


def _comes_as_meant(kind: str) -> bool:
    return kind.removeprefix("_") in AS_THEY_ARE


def readable(table: pa.Table, names: Sequence[str]) -> pa.Table:
    """ADBC hands numeric over as opaque text; make it the decimal that DuckDB would give, or a wider one that loses no
    digit.
    """
    for place, field in enumerate(table.schema):
        if isinstance(field.type, pa.OpaqueType):
            texts = pa.chunked_array([c.storage for c in table.column(place).chunks], field.type.storage_type)
            table = table.set_column(place, field.name, _decimals(texts))
        elif pa.types.is_list(field.type) and isinstance(field.type.value_type, pa.OpaqueType):
            table = table.set_column(place, field.name, _lists(table.column(place)))
    return table.rename_columns(list(names))


def _lists(column: pa.ChunkedArray) -> pa.Array:
    whole = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    values = _decimals(pa.chunked_array([whole.values.storage])).combine_chunks()
    return pa.ListArray.from_arrays(whole.offsets, values, mask=whole.is_null())


def _decimals(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    digits = pc.max(pc.utf8_length(pc.replace_substring_regex(texts, r"\D", ""))).as_py() or 0
    if digits > MOST_DIGITS:  # Arrow reads them all the same, and goes round
        return texts.cast(pa.string())
    for kind in (pa.decimal128(38, 9), pa.decimal256(76, 38)):
        with suppress(pa.ArrowInvalid):  # more digits than it holds, or NaN, for which no decimal has a place
            return texts.cast(kind)
    return texts.cast(pa.string())
