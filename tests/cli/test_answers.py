"""An answer is given whatever letters a terminal has, and a command that has done its work says so."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from support.shop import ROOT, environment

Typed = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def typed(tmp_path: Path) -> Typed:
    duckdb.connect(str(tmp_path / "warehouse.duckdb")).close()

    def run(*words: str, to: str = "", **variables: str) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "fairlead", "query", "select 'Ärö Łoś 💶' as name", *words]
        places = environment(tmp_path, **variables)
        if not to:
            return subprocess.run(command, cwd=ROOT, env=places, capture_output=True, check=False)
        with Path(to).open("wb") as out:
            return subprocess.run(command, cwd=ROOT, env=places, stdout=out, stderr=subprocess.PIPE, check=False)

    return run


@pytest.mark.parametrize("letters", ["ascii", "latin-1"])
def test_a_name_that_the_terminal_has_no_letters_for_ends_no_command(typed: Typed, letters: str) -> None:
    done = typed("--json", PYTHONIOENCODING=letters)
    assert (done.returncode, json.loads(done.stdout)["rows"]) == (0, [["Ärö Łoś 💶"]]), done.stderr
    page = typed(PYTHONIOENCODING=letters)
    shown = {"ascii": "?r? ?o? ?", "latin-1": "Ärö ?o? ?"}[letters]
    assert page.returncode == 0 and shown in page.stdout.decode(letters), page.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("form", [("--json",), ()])
def test_an_answer_that_cannot_be_written_is_told_without_a_traceback(typed: Typed, form: tuple[str, ...]) -> None:
    done = typed(*form, to="/dev/full")
    assert done.returncode == 1 and b"its answer could not be written: No space left" in done.stderr
    assert b"Traceback" not in done.stderr and b"Exception ignored" not in done.stderr
