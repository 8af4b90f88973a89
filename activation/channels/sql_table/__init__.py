"""A table of somebody's database, through SQLAlchemy: a row a person, upserted by key.
Set-up: docs/channels/sql_table.md.

Ownership   `_fairlead_sync` names the sync that made a row. Leaving deletes a row of this sync's making and no other.
Exactly once   the batch's key is written to `_fairlead_batches` in the transaction that writes its rows: a batch
               found there has arrived.
Transaction    one a batch: all its rows or none. One bad value fails the batch, which the loop then splits.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from activation.channel import (
    ACCEPTED,
    ANYBODYS,
    AUDIENCE_MODES,
    SKIPPED,
    About,
    CallFailed,
    ChangeBatch,
    Health,
    InDoubt,
    Limits,
    Results,
)
from activation.channels.sql_table.rows import BATCHES, MARKS, OWNER, known_keys, recorded, remember, table_for, upsert
from activation.channels.sql_table.trouble import connecting, trouble
from activation.vendor.access import Access, access
from core.errors import FatalError
from core.settings import Settings
from core.specs import Spec

ABOUT = About(
    "SQL table", modes=AUDIENCE_MODES | {"create_only", "update_only", "append"},
    policies=frozenset({"overwrite", "never_null", "set_if_empty"}),
    contacts=ANYBODYS,
    place=("table", "key"),
)  # fmt: skip
LIMITS = Limits(
    5_000, seconds_per_call=0.5
)  # rows a transaction: no statement of it meets a database's limit of parameters
DRIVERS = {  # what is installed, where the URL leaves the driver open
    "postgresql": "postgresql+psycopg2", "postgres": "postgresql+psycopg2",
    "mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql",
}  # fmt: skip
REASONS = {
    "create_only": "is there already, and the sync only creates",
    "update_only": "is not there, and the sync only updates",
}
CONNECT_SECONDS = 20
TIMED = ("+psycopg2", "+psycopg", "+pymysql")  # drivers that call it `connect_timeout`; another's URL names its own
T = TypeVar("T")


class Account(Spec):
    url_env: str = "FAIRLEAD_SQL_TABLE_URL"  # postgresql+psycopg2://user:password@host/database, mysql+pymysql://…


class Options(Spec):
    table: str | None = None  # schema.table or table; None: fairlead_<segment>
    key: str = "person_id"  # the column that holds it
    create_table: bool = True  # where there is none


def open_channel(settings: Settings, options: Options) -> "SqlTable":
    return SqlTable(access(settings, "sql_table", Account, "https://sql"), options)  # the address is the secret


@dataclass(repr=False)
class SqlTable:
    access: Access[Account]
    options: Options
    limits: Limits = LIMITS
    in_doubt: InDoubt = "idempotent"
    tables: dict[str, sa.Table] = field(default_factory=dict)  # sync -> as the database has it

    @cached_property
    def engine(self) -> sa.Engine:
        with connecting():  # parameters hidden: an error text must not hold a row
            url = sa.make_url(self.access.secrets["url"])
            url = url.set(drivername=DRIVERS.get(url.drivername, url.drivername))
            # psycopg2 would send an upsert's rows one by one; many statements in one text take less than half the time.
            more: dict[str, Any] = {}
            if url.drivername.endswith(TIMED) and "connect_timeout" not in url.query:
                more["connect_args"] = {"connect_timeout": CONNECT_SECONDS}
            if url.drivername == "postgresql+psycopg2":
                more["executemany_mode"] = "values_plus_batch"
            return sa.create_engine(url, hide_parameters=True, pool_pre_ping=True, **more)

    def push(self, batch: ChangeBatch) -> Results:
        return self._run(lambda c: self._push(c, batch))

    def _push(self, connection: sa.Connection, batch: ChangeBatch) -> Results:
        table, batches = self._table(connection, batch), self._batches(connection)
        skipped = recorded(connection, batches, batch.idempotency_key)
        if skipped is None:
            skipped = self._write(connection, table, batch)
            remember(connection, batches, batch, skipped)
        mask = pc.is_in(pa.array(range(len(batch)), pa.int64()), pa.array(skipped, pa.int64()))
        why = pa.scalar(REASONS.get(batch.mode, ""))
        return Results(pc.if_else(mask, SKIPPED, ACCEPTED), pc.if_else(mask, why, pa.scalar(None, pa.string())))

    def _write(self, connection: sa.Connection, table: sa.Table, batch: ChangeBatch) -> list[int]:
        """The positions of the rows that the mode leaves alone."""
        keys = batch.keys.to_pylist()
        key = table.c[self.options.key]
        if batch.removes:
            connection.execute(table.delete().where(key.in_(keys), table.c[OWNER] == batch.sync))
            return []
        rows = [
            {self.options.key: k, OWNER: batch.sync, **row}
            for k, row in zip(keys, batch.fields.to_pylist(), strict=True)
        ]
        skipped: list[int] = []
        if batch.mode in REASONS:
            existing = known_keys(connection, key, keys)
            skipped = [at for at, k in enumerate(keys) if (k in existing) == (batch.mode == "create_only")]
            skipped_places = set(skipped)
            rows = [row for at, row in enumerate(rows) if at not in skipped_places]
        if rows:
            upsert(connection, table, self.options.key, rows, batch.policies)
        return skipped

    def erase(self, batch: ChangeBatch) -> Results:
        """Whoever made the row: to be forgotten is not to be taken out of an audience."""

        def work(connection: sa.Connection) -> None:
            table = self._table(connection, batch)
            connection.execute(table.delete().where(table.c[self.options.key].in_(batch.keys.to_pylist())))

        self._run(work)
        return Results.accepted(len(batch))

    def look_up(self, idempotency_key: str) -> bool | None:
        def work(connection: sa.Connection) -> bool:
            if not sa.inspect(connection).has_table(BATCHES, schema=self._name("")[0]):
                return False
            return recorded(connection, self._batches(connection), idempotency_key) is not None

        return self._run(work)

    def _name(self, sync: str) -> tuple[str | None, str]:
        schema, _, name = (self.options.table or f"fairlead_{sync.split('__')[0]}").rpartition(".")
        return schema or None, name

    def _table(self, connection: sa.Connection, batch: ChangeBatch) -> sa.Table:
        if batch.sync not in self.tables:
            schema, name = self._name(batch.sync)
            self.tables[batch.sync] = table_for(
                connection, schema, name, self.options.key, batch.fields.schema, self.options.create_table
            )
        table = self.tables[batch.sync]
        missing = [n for n in (self.options.key, OWNER, *batch.fields.column_names) if n not in table.c]
        if missing:
            raise FatalError(
                f"sql_table: the table {table.name} has no column {', '.join(missing)}. Add it, or map another."
            )
        return table

    def read_mark(self, sync: str) -> bytes | None:
        def work(connection: sa.Connection) -> bytes | None:
            if not sa.inspect(connection).has_table(MARKS, schema=self._name("")[0]):
                return None
            marks = self._own(connection, MARKS)
            row = connection.execute(sa.select(marks.c.mark).where(marks.c.sync == sync)).first()
            return None if row is None else str(row[0]).encode(errors="replace")  # whatever somebody has put there

        return self._run(work)

    def write_mark(self, sync: str, text: str) -> None:
        def work(connection: sa.Connection) -> None:
            marks = self._own(connection, MARKS)
            connection.execute(marks.delete().where(marks.c.sync == sync))
            connection.execute(marks.insert(), {"sync": sync, "mark": text})

        self._run(work)

    def _batches(self, connection: sa.Connection) -> sa.Table:
        return self._own(connection, BATCHES)

    def _own(self, connection: sa.Connection, name: str) -> sa.Table:
        if name not in self.tables:
            self.tables[name] = table_for(connection, self._name("")[0], name, "", pa.schema([]), True)
        return self.tables[name]

    def _run(self, work: Callable[[sa.Connection], T]) -> T:
        with connecting():
            engine = self.engine
        with connecting(engine.url):
            connection = engine.connect()
        try:
            with connection, trouble(), connection.begin():
                return work(connection)
        except Exception:
            self.tables.clear()  # a table that was made in this transaction is gone with it
            raise

    def held(self, sync: str) -> int | None:
        """Rows that this sync has made; the table need not be there."""

        def work(connection: sa.Connection) -> int:
            schema, name = self._name(sync)
            if not sa.inspect(connection).has_table(name, schema=schema):
                return 0
            table = table_for(connection, schema, name, self.options.key, pa.schema([]), False)
            mine = sa.select(sa.func.count()).select_from(table).where(table.c[OWNER] == sync)
            return int(connection.execute(mine).scalar_one())

        return self._run(work)

    def check(self) -> Health:
        try:
            self._run(lambda c: c.execute(sa.select(sa.literal(1))).scalar())
        except (CallFailed, FatalError) as error:
            return Health(False, str(error))
        return Health(True, f"{self.engine.dialect.name} answers")

    def close(self) -> None:
        if "engine" in self.__dict__:
            self.engine.dispose()
