"""`fairlead upgrade`: what this version changes in the warehouse's own tables, shown first; then done, a copy kept."""

import shutil
from typing import Annotated

import typer

from cli.answer import Result, answer
from cli.options import Json
from cli.shown import data as pages
from core.errors import FatalError
from core.home import scratch_folder
from core.settings import Settings

OWN = ("raw", "identity", "scores", "activation", "ops")  # dbt makes the others anew each night


def upgrade(
    apply: Annotated[bool, typer.Option("--apply", help="Do it; a copy of the warehouse stays beside it.")] = False,
    as_json: Json = False,
) -> None:
    """What this version of Fairlead changes in the warehouse's own tables: tried, and nothing is touched yet."""
    answer(lambda s: _upgraded(s, apply), as_json, pages.upgrade, reads=not apply)


def _upgraded(settings: Settings, apply: bool) -> Result:
    return (_in_files if settings.warehouse.engine == "duckdb" else _on_server)(settings, apply)


def _on_server(settings: Settings, apply: bool) -> Result:
    """In one transaction, undone after the trial; a copy of each table that changes stays in a schema of its own."""
    from core.clock import now
    from core.warehouse import keep_copies, one_transaction

    with one_transaction(settings, undone=True):
        before = _columns(settings)
        if before:
            _bring_up_to_date(settings)
        changes = _changes(before, _columns(settings))
    if not (apply and changes):
        return {"ok": True, "changes": changes, "applied": False, "backup": None}
    schema = f"before_upgrade_{now():%Y%m%d_%H%M%S_%f}"
    with one_transaction(settings) as db:
        changed = {row["table"] for row in changes}
        keep_copies(db, [name for name in _tables(settings) if name in changed], schema)
        _bring_up_to_date(settings)
    return {"ok": True, "changes": changes, "applied": True, "backup": f"schema {schema}"}


def _in_files(settings: Settings, apply: bool) -> Result:
    """Tried on a copy of the warehouse's file; another one stays beside it."""
    from core.warehouse import copy_to

    file = settings.duckdb_path
    if not file.is_file():
        return {"ok": True, "changes": [], "applied": False, "backup": None}
    if shutil.disk_usage(settings.home).free < 2 * file.stat().st_size:
        raise FatalError(f"{settings.home} has too little room for a copy of {file.name}. Free some.")
    with scratch_folder(settings.home, "upgrade") as folder:
        copy = settings.model_copy(update={"home": folder})
        copy_to(settings, copy.home)
        before = _columns(copy)
        _bring_up_to_date(copy)
        changes = _changes(before, _columns(copy))
    backup = _backup(settings) if apply and changes else None
    if backup:
        _bring_up_to_date(settings)
    return {"ok": True, "changes": changes, "applied": backup is not None, "backup": backup}


def _bring_up_to_date(settings: Settings) -> None:
    """As the first build or push of a new version does it."""
    import core.run_log
    from cli.data import create_tables

    core.run_log.ensure(settings)
    create_tables(settings)


def _backup(settings: Settings) -> str:
    """A copy of the warehouse beside it, never over an earlier one."""
    from core.clock import now
    from core.warehouse import copy_to

    with scratch_folder(settings.home, "upgrade") as folder:
        copy_to(settings, folder)
        name = f"warehouse.before-upgrade-{now():%Y%m%dT%H%M%S}.duckdb"
        for file in folder.glob("warehouse.*"):
            file.rename(settings.home / file.name.replace("warehouse.duckdb", name))
    return str(settings.home / name)


def _columns(settings: Settings) -> dict[str, dict[str, str]]:
    from core.warehouse import connect

    schemas = ", ".join(f"'{schema}'" for schema in OWN)
    with connect(settings) as db:
        rows = db.query(
            "select table_schema || '.' || table_name as name, column_name, data_type from information_schema.columns"
            f" where table_schema in ({schemas}) order by 1, 2"
        ).to_pylist()
    tables: dict[str, dict[str, str]] = {}
    for row in rows:
        tables.setdefault(row["name"], {})[row["column_name"]] = row["data_type"]
    return tables


def _tables(settings: Settings) -> list[str]:
    from core.warehouse import connect

    schemas = ", ".join(f"'{schema}'" for schema in OWN)
    with connect(settings) as db:
        found = db.query(
            "select table_schema || '.' || table_name as name from information_schema.tables"
            f" where table_schema in ({schemas}) and table_type = 'BASE TABLE' order by 1"
        )
    return [str(name) for name in found["name"].to_pylist()]


def _changes(before: dict[str, dict[str, str]], after: dict[str, dict[str, str]]) -> list[dict[str, str]]:
    """{table, change} of each table and column that is new, gone, or of another type."""
    rows: list[dict[str, str]] = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old is None or new is None:
            rows.append({"table": name, "change": "is made" if old is None else "is taken away"})
            continue
        for column in sorted(old.keys() | new.keys()):
            if old.get(column) != new.get(column):
                text = f"{column}: {old.get(column, 'not there')} becomes {new.get(column, 'none: renamed or moved')}"
                rows.append({"table": name, "change": text})
    return rows
