"""The tables of raw: each source's own, the refused rows beside it, and the two ledgers of all."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa

from connectors.source import Source, Table
from connectors.values.projection import declared_fields
from core import tables
from core.clock import now, today
from core.errors import ConfigError
from core.settings import Settings
from core.warehouse import Warehouse

PLACES = [
    ("_source", pa.string()),
    ("_origin", pa.string()),
    ("_line", pa.int64()),
    ("_pulled_at", pa.timestamp("us")),
    ("_row_key", pa.string()),
    ("_day", pa.date32()),
]
REJECTS = pa.schema([
    ("reject_id", pa.string()), ("source", pa.string()), ("table_name", pa.string()), ("file", pa.string()),
    ("line", pa.int64()), ("column_name", pa.string()), ("value", pa.string()), ("reason", pa.string()),
    ("day", pa.date32()), ("rejected_at", pa.timestamp("us")),
])  # fmt: skip
PULLS = pa.schema([
    ("source", pa.string()), ("table_name", pa.string()), ("day", pa.date32()), ("file", pa.string()),
    ("fingerprint", pa.string()), ("rows_in", pa.int64()), ("rows_landed", pa.int64()), ("rows_rejected", pa.int64()),
    ("rows_unchanged", pa.int64()), ("pulled_at", pa.timestamp("us")),
])  # fmt: skip
DECLARATIONS = tables.Table(  # how each table's rows were read
    "raw.declarations",
    pa.schema({"source": "string", "table_name": "string", "declaration": "string", "declared_at": "timestamp[us]"}),
)
FEEDS = tables.Table(  # which raw tables have ever fed consents or messages: a build asks whether they still do
    "raw.feeds_of_consent", pa.schema({"table_name": "string"})
)
SAME_TYPE = {  # an engine's names for what we declare
    pa.string(): {"varchar", "text", "character varying"}, pa.int64(): {"bigint"},
    pa.float64(): {"double", "double precision"}, pa.bool_(): {"boolean"}, pa.date32(): {"date"},
    pa.timestamp("us"): {"timestamp", "timestamp without time zone"},
}  # fmt: skip
EARLIER_NAMES = {"_file": "_origin", "_row_id": "_row_key", "_deleted": "_is_deleted"}  # Iceberg keeps those for itself
INCOMING = "_incoming__"
REFUSED = "__refused"  # behind a raw table's name: its refused rows, for a no may be among them
MENDED = "_mended_day"  # of a refused row: the day on which its key arrived in order, NULL until then
PULLED_FOR = "_pulled_for"  # of a table with a declared `day`: the day of the pull, NULL until the row was dated
HOLD_A_NO = ("consents", "messages")  # the entities whose refused rows are stops


@dataclass(frozen=True)
class Landing:
    """One table's way from where it arrives into `raw.<source>__<table>`."""

    db: Warehouse
    source: Source
    name: str
    at: datetime

    @property
    def table(self) -> Table:
        return self.source.tables[self.name]

    @property
    def raw(self) -> str:
        return f"{self.source.name}__{self.name}"

    @property
    def incoming(self) -> str:
        return INCOMING + self.raw

    @property
    def scratch(self) -> str:
        """The schema of what stays for a minute. DuckDB's temporary tables cost a third of tables in its file, and only
        what has no room in memory goes to disk; another connection, which Great Expectations wants, sees none of them.
        """
        return "temp" if self.db.engine_name == "duckdb" and not self.table.expectations else "raw"

    @property
    def making(self) -> str:
        """How a statement begins that makes a table there."""
        return "create temporary table" if self.scratch == "temp" else "create table"

    @property
    def arrived(self) -> str:
        """SQL for the table of what has come."""
        return f'{self.scratch}."{self.incoming}"'

    @property
    def refused(self) -> str:
        return self.raw + REFUSED

    @property
    def pulled_at(self) -> str:
        """SQL for the instant of this pull."""
        return f"timestamp '{self.at.isoformat(' ')}'"

    def part(self, part: str) -> str:
        return f'{self.scratch}."{INCOMING}{part}__{self.raw}"'


def instant_of_pull(db: Warehouse, source: str, name: str) -> datetime:
    """This machine's clock, but behind every earlier pull of the table: by it the versions of a row are in order, and a
    clock that goes back would hide what has just come.
    """
    sql = "select max(pulled_at) as newest from raw.pulls where source = $1 and table_name = $2"
    newest = db.query(sql, [source, name])["newest"][0].as_py()
    return max(now(), newest + timedelta(microseconds=1)) if newest else now()


def came_on(settings: Settings, at: datetime) -> date:
    """The local day on which something was pulled; of a clock that ran ahead of ours, today."""
    return min(at.replace(tzinfo=UTC).astimezone(settings.zone).date(), today(settings))


def ensure_ledgers(db: Warehouse) -> None:
    """Which tables fed consents an earlier version did not remember; it kept the refused rows of just those."""
    if not db.exists(FEEDS.name):
        sql = "select table_name from information_schema.tables where table_schema = 'raw' order by 1"
        names = map(str, db.query(sql)["table_name"])
        tables.ensure(db, FEEDS)
        remember_feeds(db, {name.removesuffix(REFUSED) for name in names if name.endswith(REFUSED)})
    tables.ensure(db, tables.Table("raw.rejects", REJECTS), tables.Table("raw.pulls", PULLS), DECLARATIONS, FEEDS)


def remember_feeds(db: Warehouse, raw_tables: set[str]) -> None:
    known = set(db.query(f"select table_name from {FEEDS.name}")["table_name"].to_pylist())
    if new := sorted(raw_tables - known):
        db.load(FEEDS.name, pa.table({"table_name": pa.array(new, pa.string())}))


def drop_leftovers(db: Warehouse) -> None:
    """Drop what a killed run left behind."""
    leftovers = db.query(
        f"select table_name from information_schema.tables where table_schema = 'raw' and table_name like '{INCOMING}%'"
    )
    for name in leftovers["table_name"].to_pylist():
        db.execute(f'drop table if exists raw."{name}"')


def ensure_table(db: Warehouse, source: Source, name: str, suffix: str = "", is_read_anew: bool = False) -> None:
    """Make the raw table, or add the columns that were declared since.

    is_read_anew   a type may be another: the reading puts it right
    Raises         ConfigError where a type no longer fits
    """
    table, raw = source.tables[name], f"{source.name}__{name}{suffix}"
    fields = [*declared_fields(table), *PLACES] + ([("_is_deleted", pa.bool_())] if table.deletes == "snapshot" else [])
    fields += [(MENDED, pa.date32())] if suffix == REFUSED else []
    fields += [(PULLED_FOR, pa.date32())] if table.day and not suffix else []
    existing = db.columns(f"raw.{raw}")
    if not existing:
        db.load(f"raw.{raw}", pa.schema(fields).empty_table(), mode="create")
        return
    for earlier, place in EARLIER_NAMES.items():
        if earlier in existing and place not in existing:
            db.execute(f'alter table raw."{raw}" rename column {earlier} to {place}')
            existing[place] = existing.pop(earlier)
    for column, kind in fields:
        if column not in existing:
            add_column(db, raw, column, min(SAME_TYPE[kind], key=lambda n: (n != "text", n)))
        elif existing[column] not in SAME_TYPE[kind] and not is_read_anew:
            file = source.file or f"connectors/sources/{source.name}"
            raise ConfigError(
                f"{file}: {name}.{column} is declared {kind}, but raw.{raw} holds it as {existing[column]}. "
                f"`fairlead pull --again {source.name}.{name}` reads the rows anew; or keep the old type and cast in "
                "staging, or give the column a new name."
            )


def add_column(db: Warehouse, raw: str, column: str, sql_type: str = "text", schema: str = "raw") -> None:
    kind = "double precision" if sql_type.startswith("double") else sql_type
    db.execute(f'alter table {schema}."{raw}" add column "{column}" {kind}')


def landing_day(since: date | None) -> str:
    """SQL for the day of a new row: its own, or `since` where that is later."""
    return f"greatest(i._day, date '{since}')" if since else "i._day"
