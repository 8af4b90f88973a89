"""The shop's tables in PostgreSQL are those in SQLite, and a second run replaces them all at once."""

import os
import pwd
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

import sample_shop
from sample_shop.database import TABLES

pytestmark = pytest.mark.postgres
SMALL = {"people": 400, "first_day": date(2024, 9, 30), "last_day": date(2024, 11, 10)}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A PostgreSQL of our own, as an unprivileged user, for as long as these tests run."""
    found = shutil.which("initdb") or next(map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))), None)
    user = next((u.pw_name for u in pwd.getpwall() if u.pw_name in ("postgres", "nobody")), None)
    if found is None or (os.geteuid() == 0 and (user is None or shutil.which("setpriv") is None)):
        pytest.skip("no PostgreSQL programs here, or nobody but root to run them")
    as_user, folder = [], Path(tempfile.mkdtemp(prefix="fairlead-shop-pg-"))
    if os.geteuid() == 0:
        as_user = ["setpriv", "--reuid", user, "--regid", str(pwd.getpwnam(user).pw_gid), "--clear-groups"]
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/"}
    programs, data = Path(found).parent, str(folder / "data")
    subprocess.run([*as_user, found, "-D", data, "-U", "shop", "-A", "trust", "-E", "UTF8"], check=True, **quiet)
    server = subprocess.Popen(
        [*as_user, str(programs / "postgres"), "-D", data, "-p", port, "-h", "127.0.0.1", "-k", str(folder), "-F"],
        **quiet,
    )
    try:
        address = f"postgresql://shop@127.0.0.1:{port}/postgres"
        assert any(answers(address) for _ in range(150)), "PostgreSQL did not start"
        yield address
    finally:
        server.terminate()
        server.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


def answers(address: str) -> bool:
    from adbc_driver_postgresql import dbapi

    try:
        dbapi.connect(address).close()
    except dbapi.Error:
        time.sleep(0.2)
        return False
    return True


def rows_in_postgres(url: str, table: str) -> list[tuple[str | None, ...]]:
    from adbc_driver_postgresql import dbapi

    columns = ", ".join(f"{name}::text" for name in TABLES[table])
    with dbapi.connect(url) as db, db.cursor() as cursor:
        cursor.execute(f"select {columns} from {table} order by 1")
        return cursor.fetchall()


def test_postgres_holds_what_sqlite_holds(url, tmp_path):
    here, there = tmp_path / "sqlite", tmp_path / "postgres"
    sample_shop.write(here, **SMALL)
    summary = sample_shop.write(there, **SMALL, url=url)
    assert not (there / "sample" / "shop.sqlite").exists()
    with sqlite3.connect(here / "sample" / "shop.sqlite") as db:
        for table, columns in TABLES.items():
            shown = ", ".join(
                f"printf('%.2f', {n})" if "numeric" in kind else f"cast({n} as text)" for n, kind in columns.items()
            )
            rows = db.execute(f"select {shown} from {table} order by 1").fetchall()
            assert rows_in_postgres(url, table) == rows, table
            assert len(rows) == summary.rows[table]


def test_a_run_that_fails_leaves_the_tables_of_the_last_one(url, tmp_path, monkeypatch):
    sample_shop.write(tmp_path, **SMALL, url=url)
    before = rows_in_postgres(url, "customers")
    monkeypatch.setattr("sample_shop.generate._tell", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        sample_shop.write(tmp_path, **{**SMALL, "people": 90}, url=url)
    assert rows_in_postgres(url, "customers") == before
