"""`fairlead upgrade`: an earlier version's tables are shown, brought up to date, and kept as they were."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from cli import data, upgrade
from core.errors import ConfigError
from core.settings import load_settings
from fairlead import app


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A warehouse of this version, made into one of an earlier one: a ledger's key was called person_id."""
    monkeypatch.setenv("FAIRLEAD_HOME", str(tmp_path / "home"))
    answered()
    data.create_tables(load_settings())
    with duckdb.connect(str(tmp_path / "home/warehouse.duckdb")) as db:
        db.execute("drop view if exists activation.dead_letters")
        db.execute("alter table activation.pending rename column record_key to person_id")
        db.execute("insert into activation.pending (person_id) values ('a'), ('b')")
        db.execute("drop table scores.models")
    return tmp_path / "home"


def answered(*words: str) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["upgrade", *words, "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def keys(file: Path, column: str) -> list[tuple[str]]:
    with duckdb.connect(str(file), read_only=True) as db:
        return db.execute(f"select {column} from activation.pending order by 1").fetchall()


def test_what_would_change_is_shown_and_nothing_is_touched(home: Path) -> None:
    answer = answered()
    changes = {(row["table"], row["change"].partition(":")[0]) for row in answer["changes"]}
    assert {
        ("scores.models", "is made"), ("activation.pending", "person_id"), ("activation.pending", "record_key"),
    } <= changes  # fmt: skip
    assert not answer["applied"] and keys(home / "warehouse.duckdb", "person_id") == [("a",), ("b",)]
    assert not list(home.glob("tmp/scratch-upgrade-*")) and not list(home.glob("*.before-upgrade-*"))


def test_it_is_done_once_with_all_rows_and_a_copy_of_how_it_was(home: Path) -> None:
    answer = answered("--apply")
    assert answer["applied"] and keys(home / "warehouse.duckdb", "record_key") == [("a",), ("b",)]
    assert keys(Path(answer["backup"]), "person_id") == [("a",), ("b",)]
    again = answered("--apply")
    assert (again["changes"], again["applied"], again["backup"]) == ([], False, None)
    assert len(list(home.glob("*.before-upgrade-*"))) == 1


def test_a_server_is_not_copied(home: Path) -> None:
    settings = load_settings(warehouse={"engine": "postgres", "url": "postgresql://u:p@h/d"})
    with pytest.raises(ConfigError, match="pg_dump"):
        upgrade._upgraded(settings, apply=False)
