"""How a room declares the tables that it alone writes: name, columns, and what came with a later version.

A table that is not there is made empty, so that dbt and whoever reads need not ask whether it exists. A table that an
earlier version made gets the columns that it does not have, and the present name of one that was called otherwise;
nothing is dropped, and nothing that stands in it is changed.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import pyarrow as pa

from core.engines.sql_types import sql_type
from core.warehouse import Warehouse


@dataclass(frozen=True)
class Table:
    """One table as its writer declares it.

    name       schema.table
    columns    in their order; pa.uint64() stands for what the engine's own hash of a row gives
    backfill   column of a later version -> SQL for the rows that were there before it; of a column not named it is NULL
    renamed    column -> what an earlier version called it
    """

    name: str
    columns: pa.Schema
    backfill: Mapping[str, str] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)


def ensure(db: Warehouse, *tables: Table) -> None:
    """Make what is not there yet, and add what an earlier version's table does not have."""
    existing = _existing_columns(db, {table.name.partition(".")[0] for table in tables})
    for table in tables:
        if table.name not in existing:
            db.load(table.name, table.columns.empty_table(), "create")
            continue
        for column in table.columns:
            if column.name in existing[table.name]:
                continue
            if table.renamed.get(column.name) in existing[table.name]:
                db.execute(f'alter table {table.name} rename column "{table.renamed[column.name]}" to "{column.name}"')
            else:
                _add_column(db, table, column)


def _existing_columns(db: Warehouse, schemas: set[str]) -> dict[str, set[str]]:
    """Table -> its columns, of all tables of these schemas, with one question to the catalogue."""
    places = ", ".join(f"${place}" for place in range(1, len(schemas) + 1))
    rows = db.query(
        "select table_schema || '.' || table_name as name, column_name from information_schema.columns"
        f" where table_schema in ({places})",
        sorted(schemas),
    )
    columns: dict[str, set[str]] = {}
    for row in rows.to_pylist():
        columns.setdefault(row["name"], set()).add(row["column_name"])
    return columns


def _add_column(db: Warehouse, table: Table, column: pa.Field) -> None:
    kind = db.row_hash_type if pa.types.is_unsigned_integer(column.type) else sql_type(column.type)
    with db.transaction():
        db.execute(f'alter table {table.name} add column "{column.name}" {kind}')
        if column.name in table.backfill:
            db.execute(f'update {table.name} set "{column.name}" = {table.backfill[column.name]}')


@contextmanager
def unpacked(db: Warehouse) -> Iterator[None]:
    """What is written meanwhile stays for minutes and is not worth compressing: that takes half of a load's time."""
    if db.engine_name != "duckdb":
        yield
        return
    db.execute("set force_compression = 'uncompressed'")
    try:
        yield
    finally:
        db.execute("set force_compression = 'auto'")
