"""The same raw rows give the same marts on PostgreSQL, row for row: engine-neutral SQL as a fact."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.postgres


def postgres_bin() -> Path | None:
    places = [Path(p) for p in os.environ["PATH"].split(":")] + sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), reverse=True
    )
    return next((p for p in places if all((p / name).is_file() for name in ("initdb", "postgres", "pg_isready"))), None)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A PostgreSQL of our own on a free port, run by an unprivileged user; its URL."""
    programs = postgres_bin()
    if programs is None:
        pytest.skip("no PostgreSQL programs (initdb, postgres) on this machine")
    root = os.geteuid() == 0
    user = next((u.pw_name for u in pwd.getpwall() if u.pw_name in ("postgres", "nobody")), None) if root else None
    if root and (user is None or shutil.which("setpriv") is None):
        pytest.skip("PostgreSQL refuses to run as root, and there is no user or no setpriv to run it as")
    as_user = ["setpriv", "--reuid", user, "--regid", str(pwd.getpwnam(user).pw_gid), "--clear-groups"] if user else []
    folder = Path(tempfile.mkdtemp(prefix="fairlead-pg-"))
    if user:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/"}
    data = folder / "data"
    subprocess.run(
        [*as_user, programs / "initdb", "-D", data, "-U", "fairlead", "-A", "trust", "-E", "UTF8"], check=True, **quiet
    )
    settings = [
        "-c",
        f"port={port}",
        "-c",
        "listen_addresses=127.0.0.1",
        "-c",
        f"unix_socket_directories={folder}",
        "-c",
        "fsync=off",
    ]
    process = subprocess.Popen([*as_user, str(programs / "postgres"), "-D", str(data), *settings], **quiet)
    try:
        wait_until_ready(programs, port)
        yield f"postgresql://fairlead@127.0.0.1:{port}/postgres"
    finally:
        process.terminate()
        process.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


def wait_until_ready(programs: Path, port: int) -> None:
    for _ in range(150):
        asked = [str(programs / "pg_isready"), "-h", "127.0.0.1", "-p", str(port)]
        if subprocess.run(asked, stdout=subprocess.DEVNULL).returncode == 0:
            return
        time.sleep(0.2)
    raise AssertionError("PostgreSQL did not start within 30 s")


@pytest.fixture(scope="module")
def twin(server, new_house, land_everything):
    """The small shop on PostgreSQL, the same rows, the same nights."""
    house = new_house(warehouse={"engine": "postgres", "url": server})
    land_everything(house)
    return house


def plain(value: Any) -> Any:
    """One value as both engines would have it: scale of decimals and kinds of integers aside."""
    if isinstance(value, Decimal):
        return value.quantize(Decimal("0.01"))
    return value


def contents(house, table: str) -> list[str]:
    rows = house.rows(f"select * from {table}")
    return sorted(str(sorted((k, plain(v)) for k, v in row.items())) for row in rows)


def tables(house) -> list[str]:
    return [r["name"] for r in house.rows(
        "select table_schema || '.' || table_name as name from information_schema.tables "
        "where table_schema in ('marts', 'intermediate') order by 1")]  # fmt: skip


def test_every_mart_and_intermediate_holds_the_same_rows_on_both_engines(shop, twin):
    assert tables(twin) == tables(shop) and "marts.profiles" in tables(shop)
    different = {
        t: (contents(shop, t), contents(twin, t)) for t in tables(shop) if contents(shop, t) != contents(twin, t)
    }
    detail = {t: list(set(a) ^ set(b))[:4] for t, (a, b) in different.items()}
    assert not different, detail


def test_the_incremental_tables_are_rebuilt_by_slice_on_postgresql_too(twin):
    before = contents(twin, "intermediate.int_events__distinct")
    twin.build(
        max(r["_day"] for r in twin.rows("select max(_day) as _day from raw.segment_events__events")), "identity"
    )
    assert contents(twin, "intermediate.int_events__distinct") == before and before
