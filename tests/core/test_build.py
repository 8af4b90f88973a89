"""What builds ends with whoever asked for it: no dbt goes on writing behind a command that was ended."""

import json
import os
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pytest
from support.processes import is_running, stand_in_for_dbt, within
from support.shop import ROOT, environment

import core.build
from core.build import dbt_environment
from core.settings import load_settings

START_DBT = core.build._run  # its own, before the tests' faster one takes its place

# stands where dbt's own module is looked for first: says who it is, and goes on for minutes
STAND_IN = """
import os, pathlib, time
class dbtRunner:
    def __init__(self, callbacks):
        pathlib.Path(os.environ["FAIRLEAD_HOME"], "tmp", "dbt.pid").write_text(str(os.getpid()))
        time.sleep(300)
"""


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_dbt_ends_with_the_command_that_runs_it(tmp_path: Path, sign: signal.Signals) -> None:
    stand_in, home = stand_in_for_dbt(tmp_path, STAND_IN), tmp_path / "home"
    places = environment(home, PYTHONPATH=f"{stand_in}{os.pathsep}{ROOT}")
    command = [sys.executable, "-m", "fairlead", "build", "--day", "2026-03-02", "--json"]
    child = subprocess.Popen(command, cwd=ROOT, env=places, stdout=subprocess.PIPE, text=True)
    pid_file = home / "tmp/dbt.pid"
    assert within(60, lambda: pid_file.exists() and pid_file.read_text() != "")
    dbt = int(pid_file.read_text())
    child.send_signal(sign)
    output = child.communicate(timeout=20)[0]
    assert within(5, lambda: not is_running(dbt))
    if sign != signal.SIGKILL:
        assert (child.returncode, json.loads(output)["kind"]) == (1, "StoppedError")
        with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as db:
            assert db.execute("select outcome, error from ops.runs").fetchall() == [
                ("failed", f"StoppedError: ended by {sign.name}.")
            ]


def test_dbt_waits_for_a_lock_no_longer_than_we_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By libpq's own variable, and beside what somebody else has put there."""
    monkeypatch.setenv("PGOPTIONS", "-c geqo=off")
    url = "postgresql://fairlead@127.0.0.1:5432/marketing"
    settings = load_settings(home=tmp_path, warehouse={"engine": "postgres", "url": url, "lock_wait_seconds": 2})
    assert dbt_environment(settings, date(2026, 3, 29))["PGOPTIONS"].startswith("-c geqo=off -c lock_timeout=2000 ")


def test_a_thousand_extra_columns_reach_dbt_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One argument of a process holds 128 KB. What a meaning is written with, dbt's YAML must be able to say."""
    column = {"type": "text", "class": "ordinary", "meaning": "Was der Mensch davon hält 💶"}
    columns = {f"answer_{number}": column for number in range(1000)}
    folder = tmp_path / "own"
    (folder / "sources").mkdir(parents=True)
    (folder / "staging/shop").mkdir(parents=True)
    (folder / "fairlead.toml").touch()
    raw = "x: {kind: files, pattern: x.csv, columns: {id: text}}"
    source = f"description: x\ntables: {{{raw}}}\nextra: {json.dumps({'people': columns}, ensure_ascii=False)}\n"
    (folder / "sources/shop.yml").write_text(source)
    (folder / "staging/shop/stg_shop__people.sql").write_text("select 1 as record_id")
    monkeypatch.setattr(core.build, "_run", START_DBT)
    settings = load_settings(home=tmp_path / "home", project={"folder": str(folder)})
    asked = "{{ var('extras')['catalogue'] | length }} × {{ var('extras')['catalogue'][0]['meaning'] }}"
    process = core.build.dbt(settings, date(2026, 3, 29), ["--quiet", "compile", "--inline", asked])
    assert process.returncode == 0, process.stdout[-2000:]
    texts = [json.loads(line)["info"]["msg"] for line in process.stdout.splitlines()]
    assert any(f"1000 × {column['meaning']}" in text for text in texts)


def test_dbt_takes_no_option_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DBT_EMPTY makes marts without a row, noes among them; DBT_EXCLUDE_RESOURCE_TYPES leaves the tests out."""
    for name, value in (("EMPTY", "true"), ("EXCLUDE_RESOURCE_TYPES", "test"), ("INDIRECT_SELECTION", "eager")):
        monkeypatch.setenv(f"DBT_{name}", value)
        monkeypatch.setenv(f"DBT_ENGINE_{name}", value)
    monkeypatch.setenv("DBT_TARGET", "somewhere_else")
    monkeypatch.setattr(core.build, "_run", START_DBT)
    settings = load_settings(home=tmp_path / "home")
    asked = "{{ [flags.INDIRECT_SELECTION, flags.EMPTY, flags.EXCLUDE_RESOURCE_TYPES | length] | join(' ') }}."
    process = core.build.dbt(settings, date(2026, 3, 29), ["--quiet", "compile", "--inline", asked])
    assert process.returncode == 0, process.stdout[-2000:]
    assert "buildable False 0." in process.stdout
