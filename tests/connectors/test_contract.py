"""Contracts beyond the row: any expectation of the gallery, freshness, volume."""

import re
from datetime import date, timedelta

import pytest

from connectors.source_files import find_sources
from core.errors import ConfigError

HEADER = "id,name,email,born,seen_at,spent,kind\n"
DAY = date(2026, 3, 2)


def with_table(project, more: str) -> str:
    text = (project.root / "connectors/sources/people.yml").read_text()
    return text.replace("    max_reject_share: 0.5\n", f"    max_reject_share: 0.9\n{more}\n")


@pytest.mark.parametrize(
    ("expectation", "lines"),
    [
        ("{type: expect_column_values_to_be_unique, kwargs: {column: name}}", [2, 3]),
        ("{type: expect_column_value_lengths_to_be_between, kwargs: {column: name, max_value: 4}}", [5]),
        ('{type: expect_column_values_to_not_be_in_set, kwargs: {column: name, value_set: ["Bo\'s"]}}', [4]),
        ("{type: expect_column_pair_values_a_to_be_greater_than_b, kwargs: {column_A: spent, column_B: id}}", [4]),
    ],
)
def test_any_expectation_of_great_expectations_refuses_its_rows(project, expectation, lines):
    project.source()
    project.source(with_table(project, f"    expectations: [{expectation}]"))
    project.data(HEADER + "1,Ann,,,,9,\n2,Ann,,,,9,\n3,Bo's,,,,1,\n4,Catherine,,,,9,\n")
    project.pull()
    assert [r["line"] for r in project.rejects()] == lines
    assert all(r["reason"].startswith("expect_column") for r in project.rejects())


def test_an_expectation_of_the_whole_table_that_fails_lets_nothing_in(project):
    project.source()
    project.source(
        with_table(project, "    expectations: [{type: expect_table_row_count_to_be_between, kwargs: {min_value: 5}}]")
    )
    project.data(HEADER + "1,Ann,,,,9,\n")
    entry = project.pull()
    assert entry["error_kind"] == "FatalError" and "min_value=5" in entry["error"] and project.raw() == []


def test_an_expectation_that_does_not_exist_is_a_mistake_with_its_name(project):
    project.source()
    project.source(with_table(project, "    expectations: [{type: expect_miracles, kwargs: {column: name}}]"))
    project.data(HEADER + "1,Ann,,,,9,\n")
    entry = project.pull()
    assert entry["error_kind"] == "ConfigError" and "expect_miracles" in entry["error"]


def test_stale_and_thin_days_are_warned_of_and_land_all_the_same(project):
    project.source()
    project.source(with_table(project, "    freshness_days: 3\n    volume: {min_share: 0.5, max_share: 2, weeks: 4}"))
    for week in range(3, 0, -1):
        day = DAY - timedelta(weeks=week)
        project.data(HEADER + "".join(f"{i},x,,,{day} 10:00:00,,\n" for i in range(1, 11)), f"{day}.csv")
        assert project.pull(day)["warnings"] == []
    project.data(HEADER + "1,x,,,2026-02-20 10:00:00,,\n")
    entry = project.pull()
    assert entry["rows_landed"] == 1
    assert any("stale" in w for w in entry["warnings"]) and any("volume: 1 rows" in w for w in entry["warnings"])


def test_conservation_stands_in_the_run_log(project):
    project.source().data(HEADER + "1,Ann,,,,9,\nx,Bo,,,,,\n")
    project.pull()
    (row,) = project.rows(
        "select rows_in, rows_out, rows_rejected, outcome from ops.runs where step = 'pull.people.people'"
    )
    assert row == {"rows_in": 2, "rows_out": 1, "rows_rejected": 1, "outcome": "ok"}


def test_a_source_may_be_python(project):
    text = "SOURCE = {'description': 'made', 'defaults': {'path': '{home}/in'}, 'tables': {'people': {'kind': 'files',"
    text += " 'pattern': '{day}.csv', 'columns': {name: 'text' for name in ('id', 'name')}}}}\n"
    (project.root / "connectors/sources/people.py").write_text(text)
    project.data("id,name\n1,Ann\n")
    assert project.pull()["rows_landed"] == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\nimport no_such_module\n", "people.py:2: ModuleNotFoundError"),
        ("x = 1\n\ndef broken(:\n", "people.py:3: SyntaxError"),
        ("def f():\n    return 1 / 0\nSOURCE = f()\n", "people.py:2: ZeroDivisionError"),
        ("import sys\nsys.exit('no')\n", "people.py:2: SystemExit"),
        ("x = 1\nSOURCE = {'description': 'x', 'tables': {'t': {'kind': 'nothing'}}}\n",
         "people.py:2: SOURCE: tables.t.kind"),
    ],
)  # fmt: skip
def test_a_source_in_python_that_cannot_be_loaded_is_told_with_its_line(project, text, message):
    (project.root / "connectors" / "sources" / "people.py").write_text(text)
    with pytest.raises(ConfigError, match=re.escape(message)):
        find_sources(project.settings)


@pytest.mark.parametrize("encoding", ["rot13", "zlib", "nonsense"])
def test_an_encoding_that_makes_no_text_is_a_mistake_of_the_file(project, encoding):
    from connectors.source_files import find_sources

    project.source().source(with_table(project, f"    encoding: {encoding}\n"))
    with pytest.raises(ConfigError, match=f"no encoding '{encoding}'"):
        find_sources(project.settings)
