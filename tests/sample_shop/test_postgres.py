"""The shop's tables in PostgreSQL are those in SQLite, and a second run replaces them all at once."""

import sqlite3
from datetime import date

import pytest

import sample_shop
from sample_shop.traces.database import TABLES

pytestmark = pytest.mark.postgres
SMALL = {"people": 400, "first_day": date(2024, 9, 30), "last_day": date(2024, 11, 10)}


def rows_in_postgres(url: str, table: str) -> list[tuple[str | None, ...]]:
    from adbc_driver_postgresql import dbapi

    columns = ", ".join(f"{name}::text" for name in TABLES[table])
    with dbapi.connect(url) as db, db.cursor() as cursor:
        cursor.execute(f"select {columns} from {table} order by 1")
        return cursor.fetchall()


def test_postgres_holds_what_sqlite_holds(postgres, tmp_path):
    sqlite_home, postgres_home = tmp_path / "sqlite", tmp_path / "postgres"
    sample_shop.write(sqlite_home, **SMALL)
    summary = sample_shop.write(postgres_home, **SMALL, url=postgres)
    assert not (postgres_home / "sample" / "shop.sqlite").exists()
    with sqlite3.connect(sqlite_home / "sample" / "shop.sqlite") as db:
        for table, columns in TABLES.items():
            column_list = ", ".join(
                f"printf('%.2f', {n})" if "numeric" in kind else f"cast({n} as text)" for n, kind in columns.items()
            )
            rows = db.execute(f"select {column_list} from {table} order by 1").fetchall()
            assert rows_in_postgres(postgres, table) == rows, table
            assert len(rows) == summary.rows[table]


def test_a_run_that_fails_leaves_the_tables_of_the_last_one(postgres, tmp_path, monkeypatch):
    sample_shop.write(tmp_path, **SMALL, url=postgres)
    before = rows_in_postgres(postgres, "customers")
    monkeypatch.setattr("sample_shop.traces.telling.tell", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        sample_shop.write(tmp_path, **{**SMALL, "people": 90}, url=postgres)
    assert rows_in_postgres(postgres, "customers") == before
