"""The command line's own: version, a quick start, words that contradict each other, options that are no YAML."""

import json
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError
from typing import Any

import pytest
from support.shop import ROOT
from typer.testing import CliRunner

from fairlead import app

DAY = "2026-03-29"
# Rooms and libraries that a command loads when it runs: each costs a tenth of a second or more.
SLOW = (
    "activation", "connectors", "content", "insight", "ml", "people", "sample_shop",
    "duckdb", "numpy", "pyarrow", "sqlglot",
)  # fmt: skip
CONTRADICTIONS = [
    ("--resend", "--rebaseline"),
    ("--withdrawals", "--resend"),
    ("--withdrawals", "--rebaseline"),
    ("--withdrawals", "--plan", "plan.json"),
    ("--orphans", "loyal__csv_outbox"),
    ("--orphans", "--only", "p1"),
    ("--orphans", "--resend"),
    ("--override", "drop"),
    ("--override", "drop= "),
]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("FAIRLEAD_HOME", str(tmp_path / "home"))


def run_command(*words: str) -> Any:
    return CliRunner().invoke(app, list(words), catch_exceptions=False)


def test_version_is_the_projects_and_nothing_else() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    result = run_command("--version")
    assert (result.exit_code, result.stdout) == (0, f"{version}\n")


def test_a_checkout_that_is_not_installed_says_so_instead_of_a_version(monkeypatch) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.version", missing)
    result = run_command("--version")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "make install" in result.stderr


def test_help_loads_no_room_and_no_engine() -> None:
    code = f"import sys, fairlead; print([name for name in {SLOW} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize("words", CONTRADICTIONS, ids=" ".join)
def test_a_push_of_two_wishes_that_contradict_each_other_is_refused(words) -> None:
    result = run_command("push", "--day", DAY, *words)
    assert result.exit_code == 2 and "Invalid value" in result.stderr


@pytest.mark.parametrize("value", ["{", "2026-13-45"])
def test_an_option_that_is_no_yaml_is_refused_without_its_value(value) -> None:
    result = run_command("new", "sync", "champions__csv_outbox", "--option", f"list={value}", "--json")
    answer = json.loads(result.stdout)
    assert (result.exit_code, answer["kind"]) == (2, "ConfigError")
    assert "--option list" in answer["error"] and value not in answer["error"]
