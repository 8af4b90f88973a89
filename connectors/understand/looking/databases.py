"""Which tables and views of a database are looked at, and how a source file reads each."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import unquote

from connectors.kinds.database import Database
from connectors.understand.looking.naming import column_name
from core.errors import ConfigError

SYSTEM_SCHEMAS = ("information_schema", "pg_catalog", "pg_toast", "mysql", "performance_schema", "sys")
SHOWN = 20  # names in a message
SCHEMA_KEYS = ("schema", "schemas", "currentschema")
SEARCH_PATH = re.compile(r"-c\s*search_path\s*=\s*(.+)")
# A partition's rows are its parent's too.
PARTITIONS = (
    "select n.nspname, c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid"
    " join pg_namespace n on n.oid = c.relnamespace"
)


@dataclass(frozen=True)
class Wanted:
    """What a person named: schemas, and tables or views by name or pattern. Nothing named: every table."""

    schemas: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()


@dataclass(frozen=True)
class Relation:
    """A table or view: its name here, its address there, how a source file reads it, its primary key, its columns."""

    name: str
    address: str
    reading: dict[str, Any]
    select: str
    primary_key: list[str]
    columns: list[str]


@dataclass(frozen=True)
class Seen:
    """Relations to look at; views and schemas that were not."""

    relations: list[Relation]
    views: list[str]
    schemas: list[str]


def without_schemas(url: str) -> tuple[str, tuple[str, ...]]:
    """An address without the schemas that its `?schema=…` or search_path names, and those."""
    address, mark, query = url.partition("?")
    if not mark or url.startswith("sqlite"):
        return url, ()
    kept, schemas = [], []
    for pair in query.split("&"):
        key, _, value = pair.partition("=")
        path = SEARCH_PATH.fullmatch(unquote(value))
        if key.lower() in SCHEMA_KEYS:
            schemas += unquote(value).split(",")
        elif key == "options" and path:
            schemas += path[1].split(",")
        else:
            kept.append(pair)
    return address + ("?" + "&".join(kept) if kept else ""), tuple(s.strip().strip('"') for s in schemas if s.strip())


def seen_in(database: Database, wanted: Wanted) -> Seen:
    """Raises ConfigError where it cannot be looked at, or has not what was named."""
    from sqlalchemy import inspect

    engine = database.engine()
    try:
        return _seen(database, engine, inspect(engine), wanted)
    except ConfigError:
        raise
    except Exception as error:
        raise ConfigError(f"the database cannot be looked at: {database.hidden(error)}") from None
    finally:
        engine.dispose()


def _seen(database: Database, engine: Any, inspector: Any, wanted: Wanted) -> Seen:
    schemas, others = _schemas(database, engine, inspector, wanted)
    partitions = _partitions(engine)
    relations, left, known = [], [], []
    for schema in schemas:
        names = [n for n in inspector.get_table_names(schema) if (schema or _default(inspector), n) not in partitions]
        views = sorted(_views(engine, inspector, schema))
        for name in [*names, *views]:
            address = f"{schema}.{name}" if schema else name
            known.append(address)
            if _is_wanted(address, name, wanted) if wanted.tables else name in names or not names:
                is_alone = len(schemas) == 1
                relations.append(_relation(database, inspector, schema, name, name if is_alone else address))
            elif name in views:
                left.append(address)
    if wanted.tables and not relations:
        raise ConfigError(f"--table: nothing there is called so. There are: {_listed(known)}.")
    return Seen(relations, [] if wanted.tables else left, others)


def _default(inspector: Any) -> str:
    return str(inspector.default_schema_name or "")


def _listed(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "") or "none"


def _schemas(database: Database, engine: Any, inspector: Any, wanted: Wanted) -> tuple[list[str | None], list[str]]:
    """Those to look into (None: the connection's own), and those that were passed over."""
    if database.system == "sqlite":
        if wanted.schemas:
            raise ConfigError("--schema: SQLite has none. Leave it out.")
        return [None], []
    own = inspector.default_schema_name
    names = [s for s in inspector.get_schema_names() if s not in SYSTEM_SCHEMAS and not s.startswith("pg_")]
    if missing := [s for s in wanted.schemas if s not in names]:
        raise ConfigError(f"--schema {missing[0]}: the database has none of that name. It has: {_listed(names)}.")
    if wanted.schemas:
        return [None if s == own else s for s in dict.fromkeys(wanted.schemas)], []
    if engine.dialect.name == "postgresql":
        return [None, *(s for s in names if s != own)], []
    if not own:
        return list(names), []
    return [None], [s for s in names if s != own]  # MySQL's address names the one that is meant


def _partitions(engine: Any) -> set[tuple[str, str]]:
    from sqlalchemy import text

    if engine.dialect.name != "postgresql":
        return set()
    with engine.connect() as connection:
        return {(schema, name) for schema, name in connection.execute(text(PARTITIONS))}


def _views(engine: Any, inspector: Any, schema: str | None) -> Iterator[str]:
    yield from inspector.get_view_names(schema)
    if engine.dialect.name == "postgresql":
        yield from inspector.get_materialized_view_names(schema)
        yield from inspector.get_foreign_table_names(schema)


def _is_wanted(address: str, name: str, wanted: Wanted) -> bool:
    """By its name or its address, whatever the case; * stands for anything."""
    names = {address.lower(), name.lower()}
    return any(fnmatchcase(n, pattern.lower()) for pattern in wanted.tables for n in names)


def _relation(database: Database, inspector: Any, schema: str | None, name: str, called: str) -> Relation:
    quoted = ".".join(quoted_name(database, part) for part in (schema, name) if part)
    address = f"{schema}.{name}" if schema else name
    reading = {"kind": "sql", "table": address}
    if "." in name or (schema and "." in schema):  # which a `table` would take for a schema
        reading = {"kind": "sql", "query": f"select * from {quoted}"}
    return Relation(
        column_name(called.replace(".", "_")) or "rows", address, reading, f"select * from {quoted}",
        list(inspector.get_pk_constraint(name, schema)["constrained_columns"]),
        [str(column["name"]) for column in inspector.get_columns(name, schema)],
    )  # fmt: skip


def quoted_name(database: Database, name: str) -> str:
    mark = "`" if database.mysql else '"'
    return mark + name.replace(mark, mark * 2) + mark
