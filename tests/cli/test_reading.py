"""Commands that read leave every byte of the home as it was, and make none where there is none."""

import hashlib
from datetime import date
from pathlib import Path

import pytest
from support import warm
from support.shop import ROOT, environment

import people.jobs
from activation.jobs import register
from connectors.pull import ensure
from core.run_log import step
from core.settings import load_settings

DAY = "2026-03-02"
COMMANDS = (
    ("doctor",), ("plan", "--day", DAY), ("rewind", "--day", DAY), ("summary", "--day", DAY),
    ("query", "select 1 as one"), ("why", "ann@example.com"), ("upgrade",), ("quality",),
)  # fmt: skip


def contents(home: Path) -> dict[str, str]:
    files = sorted(path for path in home.rglob("*") if path.is_file() and path.parent.name != "tmp")  # for a moment
    return {str(path.relative_to(home)): hashlib.md5(path.read_bytes()).hexdigest() for path in files}


def typed(words: tuple[str, ...], home: Path) -> str:
    done = warm.run("fairlead", [*words, "--json"], environment(home), ROOT)
    assert "Nobody foresaw" not in done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("is_there", [False, True], ids=["no folder", "an empty folder"])
def test_they_make_nothing_where_nothing_is(tmp_path, is_there):
    home = tmp_path / "home"
    if is_there:
        home.mkdir()
    for words in COMMANDS:
        assert typed(words, home)
        assert home.exists() is is_there and not list(home.glob("*") if is_there else ()), words


def test_they_leave_a_warehouse_as_it_was(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    settings = load_settings(root=ROOT, home=home)
    ensure(settings)
    people.jobs.ensure(settings)
    register(settings)
    with step(settings, "pull", date(2026, 3, 2)):
        pass
    (home / ".fairlead-home").touch()
    before = contents(home)
    for words in COMMANDS:
        assert typed(words, home)
        assert contents(home) == before, words
