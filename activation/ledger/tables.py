"""What was delivered: the tables of schema `activation`, made, and brought up to date from earlier versions.

`record_key` is by what a record is known: a person's id, or of a feed the event's. `delivered` has one row for each
(sync, record_key). What each table and column means for a reader: docs/reference/ledger.md.
"""

import pyarrow as pa

from activation.delivery.payload import UNKNOWN
from core.tables import Table, ensure
from core.warehouse import Warehouse

HASH, QUICK_HASH = pa.uuid(), pa.uint64()  # 128 bits of what was sent; 64 by the engine, the same as long as it is
RENAMED = {"record_key": "person_id"}  # an earlier version's name, which of a feed held an event's id
TABLES = {table.name.removeprefix("activation."): table for table in (
    Table("activation.syncs", pa.schema({
        "sync": "string", "segment": "string", "channel": "string", "contact_channel": "string", "purpose": "string",
        "holdout_below": "string", "cap_touches": "int64", "cap_days": "int64", "enabled": "bool",
        "audience_hash": "string", "identifier": "string", "feed": "string", "max_age_days": "int64",
        "holdout_per": "string", "cap_per": "string",
    })),
    Table("activation.delivered", pa.schema({
        "sync": "string", "record_key": "string", "payload_hash": HASH, "op": "string", "status": "string",
        "attempts": "int64", "last_error": "string", "idempotency_key": "string", "run_id": "string",
        "updated_at": "timestamp[us]", "delivered_hash": HASH, "quick_hash": QUICK_HASH, "remote_id": "string",
        "payload": "string",
    }), renamed=RENAMED),
    Table("activation.addresses_in_doubt", pa.schema({
        "sync": "string", "record_key": "string", "place": "int64", "address": "string", "payload": "string",
    })),
    Table("activation.changelog", pa.schema({
        "run_id": "string", "sync": "string", "record_key": "string", "op": "string", "reason": "string",
        "fields": "string", "status": "string", "error": "string", "logged_at": "timestamp[us]",
    }), renamed=RENAMED),
    Table("activation.pending", pa.schema({
        "sync": "string", "position": "int64", "record_key": "string", "op": "string", "ours": "bool",
        "reason": "string",
    }), renamed=RENAMED),
    Table("activation.claims", pa.schema({
        "sync": "string", "run_id": "string", "idempotency_key": "string", "first_position": "int64",
        "last_position": "int64",
    })),
    Table("activation.accepted", pa.schema({
        "sync": "string", "run_id": "string", "idempotency_key": "string", "first_position": "int64",
        "last_position": "int64", "keeps_payload": "bool", "accepted_at": "timestamp[us]",
    })),
    Table("activation.sending", pa.schema({
        "sync": "string", "run_id": "string", "idempotency_key": "string", "place": "int64", "record_key": "string",
        "op": "string", "payload_hash": HASH, "quick_hash": QUICK_HASH, "payload": "string", "reason": "string",
        "job": "string",
    }), renamed=RENAMED),
    Table("activation.calls", pa.schema({
        "run_id": "string", "sync": "string", "idempotency_key": "string", "rows": "int64", "tries": "int64",
        "seconds": "float64", "status": "string", "called_at": "timestamp[us]",
    })),
    Table("activation.runs", pa.schema({
        "run_id": "string", "sync": "string", "channel": "string", "day": "date32", "started_at": "timestamp[us]",
        "finished_at": "timestamp[us]", "outcome": "string", "attempted": "int64", "accepted": "int64",
        "rejected": "int64", "in_doubt": "int64", "skipped": "int64", "waiting": "int64", "delivered_after": "int64",
        "audience": "int64", "adds": "int64", "updates": "int64", "removes": "int64", "held_back": "string",
        "fields": "string", "error": "string", "place": "int64", "rewound_at": "timestamp[us]",
    })),
    Table("activation.builds", pa.schema({"stage": "string", "day": "date32", "began_at": "timestamp[us]"})),
    Table("activation.overrides", pa.schema({
        "run_id": "string", "sync": "string", "guard": "string", "reason": "string", "overridden_at": "timestamp[us]",
    })),
    Table("activation.cancels", pa.schema({
        "sync": "string", "reason": "string", "asked_at": "timestamp[us]", "run_id": "string",
    })),
    Table("activation.sync_files", pa.schema({
        "sync": "string", "channel": "string", "takes_back": "bool", "file": "string", "kept_at": "timestamp[us]",
    })),
    Table("activation.feedback", pa.schema({
        "run_id": "string", "sync": "string", "figure": "string", "value": "float64", "told_at": "timestamp[us]",
    })),
    Table("activation.alerts", pa.schema({
        "run_id": "string", "sync": "string", "kind": "string", "detail": "string", "told": "string",
        "told_at": "timestamp[us]",
    })),
)}  # fmt: skip
VIEWS = {
    "dead_letters": "select sync, record_key, op, attempts, last_error, run_id, updated_at from activation.delivered"
    " where status = 'rejected'",
}


def create_tables(db: Warehouse) -> None:
    """Make what is missing, and bring an earlier version's tables up to date: dbt reads an empty ledger too."""
    for name in VIEWS:
        if "person_id" in db.columns(f"activation.{name}"):  # an earlier version's
            db.execute(f"drop view activation.{name}")
    ensure(db, *TABLES.values())
    for name in ("delivered", "sending"):
        _make_hashes_binary(db, name)
    _list_addresses(db)
    for name, select in VIEWS.items():
        if not db.exists(f"activation.{name}"):
            db.execute(f"create view activation.{name} as {select}")


def is_current(db: Warehouse) -> bool:
    """Whether there is a ledger that a reader understands: one of an earlier version is so from the next build on."""
    newest = ("activation.addresses_in_doubt", "activation.accepted")
    return all(map(db.exists, newest)) and "record_key" in db.columns("activation.delivered")


def _make_hashes_binary(db: Warehouse, name: str) -> None:
    """An earlier version held hashes as text; they become 128 bits, and what is no hash becomes UNKNOWN."""
    types = db.columns(f"activation.{name}")
    for column in (c.name for c in TABLES[name].columns if c.type == HASH and types[c.name] != "uuid"):
        hash_or_unknown = (
            f"case when {column} ~ '^[0-9a-f-]{{32,36}}$' then {column} when {column} is not null then '{UNKNOWN}' end"
        )
        change = f"alter column {column} type uuid using cast({hash_or_unknown} as uuid)"
        db.execute(f"alter table activation.{name} {change}")


def _list_addresses(db: Warehouse) -> None:
    """An earlier version kept the addresses in doubt in one cell, a line each: the address, a tab, the values."""
    if "tried" not in db.columns("activation.delivered"):
        return
    old_rows = db.query("select sync, record_key, tried from activation.delivered where tried is not null").to_pylist()
    rows = [
        {"sync": row["sync"], "record_key": row["record_key"], "place": place, "address": address, "payload": payload}
        for row in old_rows
        for place, line in enumerate(row["tried"].split("\n"), start=1)
        for address, _, payload in [line.partition("\t")]
    ]
    table = TABLES["addresses_in_doubt"]
    with db.transaction():
        db.load(table.name, pa.Table.from_pylist(rows, table.columns))
        db.execute("alter table activation.delivered drop column tried")


def append(db: Warehouse, table: str, sync: str, run_id: str | None, rows: pa.Table) -> None:
    """Add rows to a table of which each row belongs to a run of a sync."""
    for column, value in (("sync", sync), ("run_id", run_id)):
        rows = rows.append_column(column, pa.repeat(pa.scalar(value, pa.string()), len(rows)))
    db.load(table, rows)
