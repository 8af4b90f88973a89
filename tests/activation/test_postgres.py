"""The same plan and push on PostgreSQL: the plumbing SQL is engine-neutral as a fact."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.settings import load_settings

pytestmark = pytest.mark.postgres
PEOPLE = {p: (f"{p}@example.com", p if p != "c" else None, float(i)) for i, p in enumerate("abcdefgh")}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of a PostgreSQL of our own, run by an unprivileged user."""
    places = [Path(p) for p in os.environ["PATH"].split(":")] + sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), reverse=True
    )
    programs = next((p for p in places if (p / "initdb").is_file() and (p / "postgres").is_file()), None)
    if programs is None or (os.geteuid() == 0 and shutil.which("setpriv") is None):
        pytest.skip("no PostgreSQL programs here, or no setpriv to run them as somebody else than root")
    folder = Path(tempfile.mkdtemp(prefix="fairlead-pg-"))
    as_user: list[str] = []
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, -1)
        as_user = ["setpriv", "--reuid", str(nobody.pw_uid), "--regid", str(nobody.pw_gid), "--clear-groups"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/"}
    subprocess.run(
        [*as_user, programs / "initdb", "-D", folder / "data", "-U", "fairlead", "-A", "trust"], check=True, **quiet
    )
    words = [
        "-c",
        f"port={port}",
        "-c",
        "listen_addresses=127.0.0.1",
        "-c",
        f"unix_socket_directories={folder}",
        "-c",
        "fsync=off",
    ]
    process = subprocess.Popen([*as_user, str(programs / "postgres"), "-D", str(folder / "data"), *words], **quiet)
    try:
        for _ in range(150):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.2)
        time.sleep(1)  # the port opens a moment before questions are answered
        yield f"postgresql://fairlead@127.0.0.1:{port}/postgres"
    finally:
        process.terminate()
        process.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


def test_a_history_of_nights_ends_as_on_duckdb(server, dummy, helpers):
    dummy.settings = load_settings(
        root=dummy.settings.root, home=dummy.settings.home, warehouse={"engine": "postgres", "url": server}
    )
    dummy.write_sync("dummy", mode="mirror", options="{batch_size: 3, poison: [h]}")
    dummy.build(PEOPLE, excluded={"b": "no_consent"})
    assert dummy.plan()["syncs"][0]["adds"] == 7
    first = dummy.push()["syncs"][0]
    assert (first["accepted"], first["rejected"]) == (6, 1), first
    again = dummy.plan()["syncs"][0]
    assert (again["adds"], again["unchanged"], again["held_back"]) == (1, 6, {"no_consent": 1})
    changed = {p: v for p, v in PEOPLE.items() if p not in "ah"} | {"c": ("c@example.com", "Now", None)}
    dummy.build(changed, profiles=PEOPLE, withdrawn={"d"})
    helpers.script(dummy, "ok", "maybe acts", "maybe acts", "maybe acts", "maybe acts")
    planned = dummy.plan()["syncs"][0]
    assert (planned["adds"], planned["updates"], planned["removes"]) == (1, 1, 2)
    second = dummy.push()["syncs"][0]
    assert (second["accepted"], second["in_doubt"]) == (3, 1)
    dummy.push()
    assert set(helpers.told(dummy)["people"]) == set("bcefg")
    assert helpers.told(dummy)["people"]["c"] == {"email": "c@example.com", "first_name": "Now", "value": None}
    assert {p for p, r in dummy.ledger("loyal__dummy").items() if r["delivered_hash"]} == set("bcefg")
    assert dummy.push()["syncs"][0]["attempted"] == 0
