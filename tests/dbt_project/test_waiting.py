"""A build waits for whoever has the warehouse: for a command that has its file open, and for another build."""

import subprocess
import sys
import time
from datetime import date

import pytest

from core import build
from core.errors import RetryableError
from core.warehouse import hold

DAY = date(2026, 11, 20)
OPEN_FOR_A_WHILE = (
    "import duckdb, sys, time; db = duckdb.connect(sys.argv[1]); print('open', flush=True); time.sleep(4)"
)


def test_dbt_waits_for_a_command_that_has_the_file(house, monkeypatch: pytest.MonkeyPatch) -> None:
    """It opens the file after `build` has made sure that all is there: whoever slips in between is waited for."""
    start = build._run

    def slip_in(*words):
        words_of_other = [sys.executable, "-c", OPEN_FOR_A_WHILE, str(house.settings.duckdb_path)]
        with subprocess.Popen(words_of_other, stdout=subprocess.PIPE, text=True) as other:
            assert other.stdout is not None and other.stdout.readline() == "open\n"
            return start(*words)

    monkeypatch.setattr(build, "_run", slip_in)
    assert build.build(house.settings, DAY, select="path:seeds").ok


def test_a_build_waits_for_another_and_says_so_when_it_lasts_too_long(house) -> None:
    settings = house.settings
    hurried = settings.model_copy(update={"warehouse": settings.warehouse.model_copy(update={"lock_wait_seconds": 1})})
    began = time.monotonic()
    with hold(settings, "build"), pytest.raises(RetryableError, match="another process is at it"):
        build.build(hurried, DAY, select="path:seeds")
    assert time.monotonic() - began >= 1
