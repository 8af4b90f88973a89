"""`fairlead upgrade`: an earlier version's tables are shown, brought up to date, and kept as they were."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
import pytest
from typer.testing import CliRunner

from cli import data, upgrade
from core.errors import FatalError
from core.settings import Settings, load_settings
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
        for earlier, name in EARLIER.items():
            db.execute(f"alter table raw.sample_shop__customers rename column {name} to {earlier}")
    return tmp_path / "home"


EARLIER = {"_file": "_origin", "_row_id": "_row_key"}
KEPT = "select count(*) from information_schema.schemata where schema_name like 'before_upgrade%'"


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


def test_what_landing_adds_has_todays_names_and_its_rows(home: Path) -> None:
    with duckdb.connect(str(home / "warehouse.duckdb")) as db:
        db.execute("insert into raw.sample_shop__customers (customer_id, _file, _row_id) values ('c1', 'a.csv', 'k')")
    assert answered("--apply")["applied"]
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as db:
        rows = db.execute("select customer_id, _origin, _row_key from raw.sample_shop__customers").fetchall()
    assert rows == [("c1", "a.csv", "k")]


@pytest.fixture
def server(postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The same on PostgreSQL; a cursor on it."""
    monkeypatch.setenv("FAIRLEAD_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FAIRLEAD_WAREHOUSE__ENGINE", "postgres")
    monkeypatch.setenv("FAIRLEAD_WAREHOUSE__URL", postgres)
    connection = psycopg2.connect(postgres)
    connection.autocommit = True
    with connection.cursor() as cursor:
        for schema in upgrade.OWN:
            cursor.execute(f"drop schema if exists {schema} cascade")
        assert answered()["changes"] == [], "an empty database has nothing to bring up to date"
        data.create_tables(load_settings())
        cursor.execute(
            "drop view if exists activation.dead_letters;"
            " alter table activation.pending rename column record_key to person_id;"
            " insert into activation.pending (person_id) values ('a'), ('b');"
            " alter table activation.delivered alter column payload_hash type text; drop table scores.models"
        )
        yield cursor
    connection.close()


def of_pending(cursor: Any, column: str, schema: str = "activation.pending") -> list[tuple[str]]:
    cursor.execute(f"select {column} from {schema} order by 1")
    return list(cursor.fetchall())


@pytest.mark.postgres
def test_on_a_server_what_would_change_is_shown_and_undone(server: Any) -> None:
    answer = answered()
    changes = {(row["table"], row["change"].partition(":")[0]) for row in answer["changes"]}
    assert {
        ("scores.models", "is made"), ("activation.pending", "person_id"), ("activation.delivered", "payload_hash"),
    } <= changes  # fmt: skip
    assert not answer["applied"] and of_pending(server, "person_id") == [("a",), ("b",)]
    server.execute(
        "select count(*) from information_schema.tables where table_schema || '.' || table_name = 'scores.models'"
    )
    assert server.fetchone() == (0,)


@pytest.mark.postgres
def test_on_a_server_it_is_done_once_and_the_tables_that_changed_are_kept(server: Any) -> None:
    answer = answered("--apply")
    assert answer["applied"] and of_pending(server, "record_key") == [("a",), ("b",)]
    kept = answer["backup"].removeprefix("schema ")
    assert of_pending(server, "person_id", f"{kept}.activation__pending") == [("a",), ("b",)]
    assert answered("--apply")["changes"] == []


@pytest.mark.postgres
def test_on_a_server_an_upgrade_that_fails_leaves_all_as_it_was(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = upgrade._bring_up_to_date

    def broken(settings: Settings) -> None:
        whole(settings)
        if broken.calls:  # type: ignore[attr-defined]
            raise FatalError("in the middle of it")
        broken.calls += 1  # type: ignore[attr-defined]

    server.execute(KEPT)
    (kept_before,) = server.fetchone()
    broken.calls = 0  # type: ignore[attr-defined]
    monkeypatch.setattr(upgrade, "_bring_up_to_date", broken)
    done = CliRunner().invoke(app, ["upgrade", "--apply", "--json"])
    assert done.exit_code != 0 and of_pending(server, "person_id") == [("a",), ("b",)]
    server.execute(KEPT)
    assert server.fetchone() == (kept_before,)
