"""The shop's own database: SQLite by default, PostgreSQL by URL. Rows are only appended; instants are UTC."""

import sqlite3
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

# column: type; the first column is the key. Types are SQL's for PostgreSQL and affinities for SQLite.
TABLES: dict[str, dict[str, str]] = {
    "customers": {
        **dict.fromkeys(["customer_id", "email", "phone", "first_name", "last_name"], "text"),
        "birth_date": "date",
        **dict.fromkeys(["gender", "street", "city", "postal_code", "country", "language", "time_zone"], "text"),
        "loyalty_card": "text",
        "loyalty_points": "bigint",
        "loyalty_tier": "text",
        "account_id": "text",
        "created_at": "timestamp",
        "updated_at": "timestamp",
    },
    "orders": {
        "order_id": "text",
        "customer_id": "text",
        "guest_email": "text",
        "account_id": "text",
        "ordered_at": "timestamp",
        "channel": "text",
        "status": "text",
        "currency": "text",
        "coupon": "text",
        "discount": "numeric(18,2)",
        "total": "numeric(18,2)",
        "updated_at": "timestamp",
    },
    "order_lines": {
        "line_id": "text",
        "order_id": "text",
        "product_id": "text",
        "quantity": "bigint",
        "unit_price": "numeric(18,2)",
        "updated_at": "timestamp",
    },
    "returns": {
        "return_id": "text",
        "order_id": "text",
        "customer_id": "text",
        "returned_at": "timestamp",
        "amount": "numeric(18,2)",
        "currency": "text",
        "reason": "text",
        "updated_at": "timestamp",
    },
    "products": {
        "product_id": "text",
        "name": "text",
        "category": "text",
        "price": "numeric(18,2)",
        "cost": "numeric(18,2)",
        "currency": "text",
        "stock_quantity": "bigint",
        "updated_at": "timestamp",
    },
    "subscriptions": {
        "subscription_id": "text",
        "customer_id": "text",
        "account_id": "text",
        "plan": "text",
        "status": "text",
        "price": "numeric(18,2)",
        "currency": "text",
        "started_at": "timestamp",
        "renews_at": "timestamp",
        "cancelled_at": "timestamp",
        "updated_at": "timestamp",
    },
}
ARROW = {
    "bigint": pa.int64(),
    "numeric(18,2)": pa.decimal128(18, 2),
    "timestamp": pa.timestamp("us"),
    "date": pa.date32(),
}


class Database(Protocol):
    counts: dict[str, int]

    def append(self, table: str, columns: dict[str, Any]) -> None:
        """Columns by name, all of the table's; arrays of text or integers, or one string for every row."""

    def close(self) -> None: ...
    def abandon(self) -> None: ...


def open_database(url: str | None, folder: Path) -> Database:
    """A database without rows: tables of these names are replaced, in PostgreSQL at the very end and all at once."""
    if url is None:
        return _Sqlite(folder / "shop.sqlite")
    return _Postgres(url)


def _full(table: str, columns: dict[str, Any]) -> tuple[list[pa.Array], int]:
    assert list(columns) == list(TABLES[table]), f"{table}: {list(columns)}"
    count = max(len(c) for c in columns.values() if not isinstance(c, str))
    return [pa.repeat(c, count) if isinstance(c, str) else pa.array(c) for c in columns.values()], count


def _ddl(table: str) -> str:
    columns = ", ".join(f"{name} {kind}" for name, kind in TABLES[table].items())
    return f"create table {table} ({columns}, primary key ({next(iter(TABLES[table]))}))"


class _Sqlite:
    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None)
        # a half-written file is never shown to anybody: `write` swaps the whole folder in when it is complete
        for pragma in ("journal_mode=off", "synchronous=off", "locking_mode=exclusive"):
            self._db.execute(f"pragma {pragma}")
        self._db.execute("begin")
        for table in TABLES:
            self._db.execute(_ddl(table))
        self.counts = dict.fromkeys(TABLES, 0)

    def append(self, table: str, columns: dict[str, Any]) -> None:
        arrays, count = _full(table, columns)
        places = ",".join("?" * len(arrays))
        self._db.executemany(
            f"insert into {table} values ({places})", zip(*(a.to_pylist() for a in arrays), strict=True)
        )
        self.counts[table] += count

    def close(self) -> None:
        for table in TABLES:
            self._db.execute(f"create index {table}_updated_at on {table} (updated_at)")
        self._db.execute("commit")
        self._db.close()

    def abandon(self) -> None:
        self._db.close()


class _Postgres:
    def __init__(self, url: str) -> None:
        from adbc_driver_postgresql import dbapi  # only who asks for PostgreSQL pays for loading its driver

        self._db = dbapi.connect(url)
        with self._db.cursor() as cursor:
            for table in TABLES:
                cursor.execute(f"drop table if exists {table}")
                cursor.execute(_ddl(table))
        self.counts = dict.fromkeys(TABLES, 0)
        self._tables: dict[str, list[pa.Table]] = {table: [] for table in TABLES}

    def append(self, table: str, columns: dict[str, Any]) -> None:
        arrays, count = _full(table, columns)
        typed = [_typed(a, kind) for a, kind in zip(arrays, TABLES[table].values(), strict=True)]
        self._tables[table].append(pa.table(typed, names=list(columns)))
        self.counts[table] += count
        if sum(t.num_rows for t in self._tables[table]) >= 50_000:  # a round trip a day would cost more than the rows
            self._send(table)

    def _send(self, table: str) -> None:
        if self._tables[table]:
            with self._db.cursor() as cursor:
                cursor.adbc_ingest(table, pa.concat_tables(self._tables[table]).combine_chunks(), mode="append")
            self._tables[table] = []

    def close(self) -> None:
        for table in TABLES:
            self._send(table)
            with self._db.cursor() as cursor:
                cursor.execute(f"create index on {table} (updated_at)")
        self._db.commit()
        self._db.close()

    def abandon(self) -> None:
        self._db.rollback()
        self._db.close()


def _typed(values: pa.Array, kind: str) -> pa.Array:
    if kind == "text":
        return values
    if kind == "timestamp":
        return pc.cast(values, pa.timestamp("s")).cast(ARROW[kind])
    return pc.cast(values, ARROW[kind])
