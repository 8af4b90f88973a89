"""SQL's names for Arrow's types, as both engines know them."""

import pyarrow as pa

COLUMNS = (  # of one table or view, $1.$2, as it was declared
    "select column_name, data_type from information_schema.columns"
    " where table_schema = $1 and table_name = $2 order by ordinal_position"
)
SQL_TYPES = {
    pa.int64(): "bigint",
    pa.int32(): "integer",
    pa.int16(): "smallint",
    pa.float64(): "double precision",
    pa.float32(): "real",
    pa.bool_(): "boolean",
    pa.date32(): "date",
    pa.string(): "text",
    pa.large_string(): "text",
    pa.string_view(): "text",
    pa.uuid(): "uuid",
}


def sql_type(kind: pa.DataType) -> str:
    """Text where there is no better one. PostgreSQL has no unsigned numbers: there they are signed ones of 64 bits."""
    if pa.types.is_timestamp(kind):
        return "timestamp"
    if pa.types.is_decimal(kind):
        return f"numeric({kind.precision},{kind.scale})"
    if pa.types.is_unsigned_integer(kind):
        return "bigint"
    return SQL_TYPES.get(kind, "text")


def named_types(columns: pa.Table) -> dict[str, str]:
    """Column -> its type in lower case, of a table whose first two columns are these."""
    names, types = columns.column(0).to_pylist(), columns.column(1).to_pylist()
    return {name: kind.lower() for name, kind in zip(names, types, strict=True)}
