"""How rows come into a table, database by database, within the caller's transaction."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite

from activation.channel import ChangeBatch, Policy
from core.errors import FatalError

OWNER, BATCHES, MARKS = "_fairlead_sync", "_fairlead_batches", "_fairlead_marks"
REMEMBERED = timedelta(days=90)  # a batch in doubt is asked for at the next run, not after a quarter
# A key that a database can index (MySQL: 191 characters of four bytes in its oldest format), and that tells A from a.
KEY = sa.String(190).with_variant(mysql.VARCHAR(190, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")
LONG_TEXT = sa.Text().with_variant(mysql.TEXT(charset="utf8mb4"), "mysql", "mariadb")
ROUND = 500  # keys a statement, where rows are read before they are written
Rows = list[dict[str, Any]]


def table_for(
    connection: sa.Connection, schema: str | None, name: str, key: str, fields: pa.Schema, create: bool
) -> sa.Table:
    """The table as the database has it; made where there is none. name BATCHES, MARKS: our own lists."""
    if not sa.inspect(connection).has_table(name, schema=schema):
        if not create:
            raise FatalError(f"sql_table: there is no table {name}. Make it, or set create_table to true.")
        columns = OWN[name]() if name in OWN else _people(key, fields)
        sa.Table(name, sa.MetaData(), *columns, schema=schema).create(connection)
    return sa.Table(name, sa.MetaData(), schema=schema, autoload_with=connection)


def _people(key: str, fields: pa.Schema) -> list[sa.Column[Any]]:
    mapped: list[sa.Column[Any]] = [sa.Column(f.name, _type(f.type)) for f in fields]
    return [sa.Column(key, KEY, primary_key=True), *mapped, sa.Column(OWNER, sa.String(190))]


def _batches() -> list[sa.Column[Any]]:
    return [
        sa.Column("idempotency_key", KEY, primary_key=True), sa.Column("sync", sa.String(190)),
        sa.Column("change_count", sa.Integer),
        sa.Column("skipped", sa.Text), sa.Column("written_at", sa.DateTime),
    ]  # fmt: skip


def _marks() -> list[sa.Column[Any]]:
    return [sa.Column("sync", KEY, primary_key=True), sa.Column("mark", sa.Text)]


OWN = {BATCHES: _batches, MARKS: _marks}


def _type(kind: pa.DataType) -> sa.types.TypeEngine[Any]:
    if pa.types.is_boolean(kind):
        return sa.Boolean()
    if pa.types.is_integer(kind):
        return sa.BigInteger()
    return sa.Double() if pa.types.is_floating(kind) else LONG_TEXT


def recorded(connection: sa.Connection, batches: sa.Table, idempotency_key: str) -> list[int] | None:
    """The rows that an earlier try of this batch left alone; None where there was none."""
    query = sa.select(batches.c.skipped).where(batches.c.idempotency_key == idempotency_key)
    skipped = connection.execute(query).scalar_one_or_none()
    return None if skipped is None else list(json.loads(skipped))


def remember(connection: sa.Connection, batches: sa.Table, batch: ChangeBatch, skipped: list[int]) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    connection.execute(batches.delete().where(batches.c.written_at < now - REMEMBERED))
    values = {"sync": batch.sync, "change_count": len(batch), "skipped": json.dumps(skipped), "written_at": now}
    connection.execute(batches.insert(), {"idempotency_key": batch.idempotency_key, **values})


def known_keys(connection: sa.Connection, key: sa.Column[Any], keys: Sequence[str]) -> set[str]:
    existing: set[str] = set()
    for at in range(0, len(keys), ROUND):
        existing |= set(connection.execute(sa.select(key).where(key.in_(keys[at : at + ROUND]))).scalars())
    return existing


def upsert(connection: sa.Connection, table: sa.Table, key: str, rows: Rows, policies: Mapping[str, Policy]) -> None:
    """New rows come in, known ones change as the policies say; their owner, and columns not named, stay as they are."""
    write = UPSERTS.get(connection.dialect.name, _read_and_replace)
    write(connection, table, key, rows, policies)


def _on_conflict(
    connection: sa.Connection, table: sa.Table, key: str, rows: Rows, policies: Mapping[str, Policy]
) -> None:
    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)
    changed = {n: _value(policies.get(n), insert.excluded[n], table.c[n]) for n in rows[0] if n not in (key, OWNER)}
    if changed:
        statement = insert.on_conflict_do_update(index_elements=[key], set_=changed)
    else:
        statement = insert.on_conflict_do_nothing(index_elements=[key])
    connection.execute(statement, rows)


def _on_duplicate_key(
    connection: sa.Connection, table: sa.Table, key: str, rows: Rows, policies: Mapping[str, Policy]
) -> None:
    """New keys by a plain insert: MySQL's upsert would take a clash in any other unique column for the same person."""
    existing = known_keys(connection, table.c[key], [row[key] for row in rows])
    insert = mysql.insert(table)
    changed = {n: _value(policies.get(n), insert.inserted[n], table.c[n]) for n in rows[0] if n not in (key, OWNER)}
    old, new = ([row for row in rows if (row[key] in existing) == is_known] for is_known in (True, False))
    if new:
        connection.execute(table.insert(), new)
    if old and changed:
        connection.execute(insert.on_duplicate_key_update(changed), old)


def _value(policy: Policy | None, new: Any, current: Any) -> Any:
    if policy == "never_null":
        return sa.func.coalesce(new, current)
    return sa.func.coalesce(current, new) if policy == "set_if_empty" else new


def _read_and_replace(
    connection: sa.Connection, table: sa.Table, key: str, rows: Rows, policies: Mapping[str, Policy]
) -> None:
    """For every other database: known rows are read, changed, deleted and written anew with all their columns."""
    for at in range(0, len(rows), ROUND):
        part = {row[key]: row for row in rows[at : at + ROUND]}
        theirs = table.c[key].in_(list(part))
        existing = {row[key]: dict(row) for row in connection.execute(sa.select(table).where(theirs)).mappings()}
        connection.execute(table.delete().where(theirs))
        empty = dict.fromkeys(table.c.keys())
        connection.execute(
            table.insert(),
            [_merged(existing.get(k), row, policies) if k in existing else {**empty, **row} for k, row in part.items()],
        )


def _merged(existing: dict[str, Any] | None, row: dict[str, Any], policies: Mapping[str, Policy]) -> dict[str, Any]:
    whole = dict(existing or {})
    for name, value in row.items():
        policy, current = policies.get(name), whole.get(name)
        is_protected = (
            name == OWNER
            or (policy == "never_null" and value is None)
            or (policy == "set_if_empty" and current is not None)
        )
        whole[name] = current if is_protected else value
    return whole


UPSERTS = {"postgresql": _on_conflict, "sqlite": _on_conflict, "mysql": _on_duplicate_key, "mariadb": _on_duplicate_key}
