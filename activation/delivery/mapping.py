"""Whether the fields of a sync can be had: their columns exist, and what is set for those who leave fits them."""

import pyarrow as pa

from activation.delivery.batches import constant
from activation.delivery.payload import plain
from activation.sync import Sync
from core.warehouse import Warehouse


def find_faults(db: Warehouse, sync: Sync) -> list[str]:
    """Each with the sync's file and the field. The tables that the sync reads are built."""
    absent = [
        f"{sync.file}: fields.{field}: {table} has no column {column!r}. Columns: {', '.join(db.columns(table))}."
        for field, (table, column) in _absent(db, sync).items()
    ]
    return absent or _misfits(db, sync)


def without_absent(db: Warehouse, sync: Sync) -> Sync:
    """The sync without the fields whose column is gone: enough to take people out by."""
    absent = _absent(db, sync)
    return sync.model_copy(update={"fields": {name: f for name, f in sync.fields.items() if name not in absent}})


def _absent(db: Warehouse, sync: Sync) -> dict[str, tuple[str, str]]:
    """Field -> the table and the column that it has no more."""
    columns = {table: db.columns(table) for table in sync.tables}
    return {field: (table, column) for field, (table, column) in sync.origins.items() if column not in columns[table]}


def _misfits(db: Warehouse, sync: Sync) -> list[str]:
    """Values of on_exit that do not fit their column."""
    if not sync.exit_fields:
        return []
    names = [sync.columns[field] for field in sync.exit_fields]
    columns = plain(db.query(f"select {', '.join(dict.fromkeys(names))} from {sync.records} as p where 1 = 0"))
    misfits = []
    for name, value in sync.exit_fields.items():
        kind = columns.schema.field(sync.columns[name]).type
        try:
            constant(value, kind)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            misfits.append(f"{sync.file}: on_exit.set.{name}: {value!r} does not fit a column of type {kind}.")
    return misfits
