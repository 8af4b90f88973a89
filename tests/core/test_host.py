"""A night has one process of dbt, which forks for each command: what comes out is what a process of its own says."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from support.processes import is_running, stand_in_for_dbt, within
from support.shop import ROOT, environment

import core.build
from core.building.host import start
from core.settings import Settings, load_settings

DAY = date(2026, 3, 29)
ASKED = ["--quiet", "compile", "--inline", "{{ iso_day() }} {{ var('devices') }} {{ flags.PRINTER_WIDTH }}"]

# stands where dbt's own module is looked for first: reads a project at once, and builds for minutes
STAND_IN = """
import os, pathlib, time, types
class dbtRunner:
    def __init__(self, callbacks=(), manifest=None):
        self.manifest = manifest
    def invoke(self, words):
        home = pathlib.Path(os.environ["FAIRLEAD_HOME"])
        if words[0] == "parse":
            return types.SimpleNamespace(success=True, result=types.SimpleNamespace(macros={}, nodes={}))
        (home / "tmp/dbt.pid").write_text(f"{os.getpid()} {os.getppid()} {self.manifest is not None}")
        time.sleep(300)
"""
NIGHT = (
    "import signal; from datetime import date; from core.build import build, one_dbt;"
    " from core.settings import load_settings; s = load_settings(); d = date(2026, 3, 29)\n"
    "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # which a shell's background ignores
    "with one_dbt(s, d): build(s, d, 'identity')"
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all, so that dbt reads the whole project twice and not six times."""
    return tmp_path_factory.mktemp("night") / "home"


@pytest.fixture
def settings(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setattr(core.build, "_run", start)  # not the tests' own
    yield load_settings(home=home)
    assert core.build._run is start


def texts(process: subprocess.CompletedProcess[str]) -> list[str]:
    said = [json.loads(line)["info"]["msg"] for line in process.stdout.splitlines()]
    return [text for text in said if "partial parsing" not in text]


def test_a_night_s_process_says_what_one_of_its_own_says(settings: Settings) -> None:
    with core.build.one_dbt(settings, DAY):
        host = core.build._run.__self__  # type: ignore[attr-defined]
        forked = [host._forked(*_command(settings, DAY)) for _ in range(2)]
        other_day = host._forked(*_command(settings, date(2026, 3, 30)))
        refused = core.build.dbt(settings, DAY, ["compile", "--inline", "{{ nobody() }}"])
    alone = core.build.dbt(settings, DAY, ASKED)
    assert alone.returncode == 0 and any("2026-03-29 one_user" in text for text in texts(alone))
    for process in forked:
        assert process is not None and (process.returncode, texts(process)) == (0, texts(alone))
    assert other_day is None, "what was read for another day is not this day's"
    assert refused.returncode != 0 and "'nobody' is undefined" in refused.stdout


def test_a_day_or_a_project_that_was_not_read_is_built_all_the_same(settings: Settings) -> None:
    with core.build.one_dbt(settings, DAY):
        process = core.build.dbt(settings, date(2026, 3, 30), ASKED)
    assert process.returncode == 0 and any("2026-03-30 one_user" in text for text in texts(process))


def test_a_process_that_has_died_is_done_without(settings: Settings) -> None:
    with core.build.one_dbt(settings, DAY):
        host = core.build._run.__self__  # type: ignore[attr-defined]
        host.process.kill()
        host.process.wait()
        assert core.build.dbt(settings, DAY, ASKED).returncode == 0


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_all_of_it_ends_with_the_night(tmp_path: Path, sign: signal.Signals) -> None:
    stand_in, home = stand_in_for_dbt(tmp_path, STAND_IN), tmp_path / "home"
    places = environment(home, PYTHONPATH=f"{stand_in}{os.pathsep}{ROOT}")
    night = subprocess.Popen([sys.executable, "-c", NIGHT], cwd=ROOT, env=places, stderr=subprocess.PIPE, text=True)
    pid_file = home / "tmp/dbt.pid"
    assert within(60, lambda: pid_file.exists() and pid_file.read_text() != "")
    dbt, host, was_read = pid_file.read_text().split()
    assert was_read == "True" and int(host) != night.pid
    night.send_signal(sign)
    assert "ValueError" not in night.communicate(timeout=20)[1]
    assert within(5, lambda: not is_running(int(dbt)) and not is_running(int(host)))


def _command(settings: Settings, day: date) -> tuple[list[str], str, dict[str, str], Path]:
    return (
        core.build.command_of(settings, ASKED, core.build.target_path(settings)),
        core.build.variables_of(settings),
        core.build.dbt_environment(settings, day),
        core.build.dbt_project(settings),
    )
