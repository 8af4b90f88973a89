"""No value of anybody is in what a build says of its failures: not on the terminal, in ops.runs, in an alert."""

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
import pytest
from support.shop import ROOT, fairlead

from core.building.dbt_words import of_node, of_run, words_of
from core.settings import load_settings
from core.unexpected import words
from core.warehouse import connect

NODE = "model.fairlead.stg_crm__people"
PLACE = "Runtime Error in model stg_crm__people (models/staging/crm/stg_crm__people.sql)"
NAMES = ["Ann O'Brien", 'Ann "Annie" O\'Brien', "Ann\nO'Brien", "O'Brien 'Ann\nAnn", "\nAnn", "Ann O'Brien, 1990-01-31"]
PIECES = ("Ann", "Brien", "7400", "1990")
WRONG = [  # each shows the value in another way
    "cast(x as integer)", "cast(x as date)", "cast(x as uuid)", "cast(x as timestamp)", "cast(x as boolean)",
    "cast(x as json)", "cast(concat('+44 7400 123456 ', x) as bigint)",
]  # fmt: skip
WRONG_ON_DUCKDB = ["strptime(x, '%Y')", "error('no such customer: ' || x)", "regexp_matches('a', x || '(')"]
WRONG_ON_POSTGRES = ["cast(x as inet)", "to_timestamp(x, 'YYYY')", "cast(x || '7400123456' as numeric)"]


def as_dbt_tells(error: Exception, sql: str) -> dict[str, Any]:
    """A result of dbt's run_results.json, worded as dbt does."""
    message = "\n".join([PLACE, *("  " + line for line in str(error).strip().split("\n"))])
    return {"unique_id": NODE, "status": "error", "message": message, "compiled_code": sql}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("expression", [*WRONG, *WRONG_ON_DUCKDB])
def test_no_error_of_duckdb_shows_the_value_that_it_met(expression: str, name: str) -> None:
    sql = f"select {expression} as y from people"
    with duckdb.connect() as db:
        db.execute("create table people as select $1 as x", [name])
        with pytest.raises(duckdb.Error) as failure:
            db.execute(sql).fetchall()
    text = of_node(as_dbt_tells(failure.value, sql), frozenset())
    assert text.startswith(f"stg_crm__people: {PLACE} ") and not any(piece in text for piece in PIECES), text


@pytest.mark.parametrize(
    ("value", "narrow"), [("31000", "tinyint"), ("7400123456", "integer"), ("51.5", "decimal(2,1)")]
)
def test_a_number_is_a_value_too(value: str, narrow: str) -> None:
    sql = f"select cast(x as {narrow}) from people"
    with duckdb.connect() as db:
        db.execute(f"create table people as select {value} as x")
        with pytest.raises(duckdb.Error) as failure:
            db.execute(sql).fetchall()
    text = of_node(as_dbt_tells(failure.value, sql), frozenset())
    assert "Conversion Error: " in text and value not in text


@pytest.mark.postgres
@pytest.mark.parametrize("name", NAMES)
def test_no_error_of_postgresql_shows_the_value_that_it_met(postgres: str, name: str) -> None:
    with psycopg2.connect(postgres) as db, db.cursor() as cursor:
        cursor.execute("create temporary table people (x text, unique (x), check (x <> 'Ann'))")
        cursor.execute("insert into people values (%s)", [name])
        statements = [f"select {expression} as y from people" for expression in [*WRONG, *WRONG_ON_POSTGRES]]
        for sql in [
            *statements,
            "insert into people select x from people",
            "insert into people values (repeat('Ann', 1))",
        ]:
            cursor.execute("savepoint here")
            with pytest.raises(psycopg2.Error) as failure:
                cursor.execute(sql)
            cursor.execute("rollback to savepoint here")
            text = of_node(as_dbt_tells(failure.value, sql.replace("'Ann'", "''")), frozenset())
            assert text.startswith("stg_crm__people: ") and not any(piece in text for piece in PIECES), text
            bare = as_dbt_tells(failure.value, "select 1") | {"message": str(failure.value)}
            assert not any(piece in of_node(bare, frozenset()) for piece in PIECES)


@pytest.mark.parametrize("name", NAMES)
def test_what_nobody_foresaw_is_told_up_to_the_value(name: str) -> None:
    assert words(ValueError(f"not a number: '{name}' in column x")) == "ValueError: not a number: …"
    assert words(ValueError("It can't be cast")) == "ValueError: It can't be cast"


def test_what_is_wrong_with_the_sql_itself_is_told_with_its_names() -> None:
    sql = "select first_nam from people"
    with duckdb.connect() as db:
        db.execute("create table people as select 'Ann' as first_name")
        with pytest.raises(duckdb.Error) as failure:
            db.execute(sql)
    text = of_node(as_dbt_tells(failure.value, sql), frozenset())
    assert text.endswith('Binder Error: Referenced column "first_nam" not found in FROM clause!')
    result = {"unique_id": "test.fairlead.unique_people.1", "status": "fail", "compiled_code": "select 1",
              "message": "Got 3 results, configured to fail if != 0"}  # fmt: skip
    assert of_node(result, frozenset()) == "unique_people: Got 3 results, configured to fail if != 0"


def test_why_dbt_did_not_run_is_told_without_a_value(tmp_path: Path) -> None:
    settings = load_settings(root=ROOT, home=tmp_path)

    def line(name: str, text: str) -> str:
        return json.dumps({"info": {"level": "error", "name": name, "msg": text}, "data": {}})

    unknown = "Compilation Error\n  Model 'model.fairlead.profiles' depends on a node named 'int_people__identifiers'"
    assert of_run(line("MainEncounteredError", unknown), settings).endswith(
        "depends on a node named 'int_people__identifiers'"
    )
    caught = "Encountered an error while running operation: Database Error\n  Key (email)=(Ann) already exists."
    texts = [
        line("RunningOperationCaughtError", caught), line("RunResultError", f"{PLACE}\n  x: \"Ann\nO'Brien\""),
        line("MainEncounteredError", "Database Error\n  duplicate key: Key (email)=(Ann\nO'Brien) already exists."),
        "KeyError: 'Ann O'Brien'", "",
    ]  # fmt: skip
    for text in [*texts, "\n".join(texts)]:
        assert not any(piece in of_run(text, settings) for piece in PIECES)
    assert of_run("", settings) == "it gives no reason"
    assert "Ann" not in words_of(settings)


def test_a_nights_failed_build_names_the_model_and_nobody(tmp_path: Path) -> None:
    """On the terminal, in ops.runs and in ops.alerts."""
    root, home = tmp_path / "project", tmp_path / "home"
    ours = shutil.ignore_patterns("models", "tests", "seeds", "target", "logs")  # parsing them takes half a minute
    shutil.copytree(ROOT / "dbt_project", root / "dbt_project", ignore=ours)
    shutil.copy(ROOT / "fairlead.toml", root)
    (root / "dbt_project/models").mkdir()
    model = "{{ config(materialized='table') }}\nselect cast(first_name as integer) as n from ops.people"
    (root / "dbt_project/models/int_wrong.sql").write_text(model)
    settings = load_settings(root=root, home=home)
    with connect(settings, writer="ops") as db:
        db.execute("create table ops.people as select $1 as first_name", ["Ann O'Brien"])
    day = "2026-03-29"
    answers = [fairlead(home, "build", "--day", day, "--select", "int_wrong", ok=False, FAIRLEAD_ROOT=str(root))]
    error = "; ".join(answers[0]["failures"])
    answers.append(fairlead(home, "tell", "build", "--error", error, "--day", day, FAIRLEAD_ROOT=str(root)))
    with connect(settings) as db:
        rows = [db.query(f"select * from ops.{table}").to_pylist() for table in ("runs", "alerts")]
    texts = [json.dumps([answer, rows], default=str) for answer in answers]
    assert all("int_wrong: Runtime Error in model int_wrong" in text for text in texts)
    assert not any(piece in text for text in texts for piece in ("Ann", "Brien"))
    log = (home / "dbt/logs/dbt.log").read_text()
    assert "O'Brien" in log and "MainReportVersion" not in log  # for whoever has the home, and as a text
