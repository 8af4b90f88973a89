"""A value by its place in a list, and a date that stands in three numbers."""

from datetime import date

import pytest

SOURCE = """
description: Rows of lists
defaults: {path: "{home}/in"}
tables:
  people:
    kind: files
    pattern: "{day}.jsonl"
    max_reject_share: 1
    columns:
      id: text
      name: {type: text, from: "dimensions[0].value"}
      number: {type: text, from: "dimensions[1].value"}
      cost: {type: number, from: "metrics[1]"}
      deep: {type: integer, from: "grid[1][0]"}
      born: {type: date, from: range.start, format: year_month_day}
"""


def row(project, line: str) -> dict:
    project.source(SOURCE).data(line + "\n", "2026-03-02.jsonl")
    entry = project.pull()
    assert entry["columns_added"] == [], entry
    rows = project.raw("name, number, cost, deep, born")
    return (
        rows[0] if rows else {"reason": project.rejects()[0]["reason"], "column": project.rejects()[0]["column_name"]}
    )


def test_values_are_picked_by_their_place_in_a_list(project):
    line = (
        '{"dimensions": [{"value": "Ann"}, {"value": 12345678901234567890.10}], "metrics": ["1", "2.5"],'
        ' "grid": [[1], [7, 8]], "range": {"start": {"month": 3, "year": 2026, "day": 1}}}'
    )
    assert row(project, line) == {
        "name": "Ann", "number": "12345678901234567890.10", "cost": 2.5, "deep": 7, "born": date(2026, 3, 1)
    }  # fmt: skip


@pytest.mark.parametrize("rest", ['"dimensions": []', '"dimensions": {"0": 1}, "metrics": "x"', '"grid": [1, 2]'])
def test_a_place_that_is_not_there_is_nothing(project, rest):
    assert set(row(project, f'{{"id": "1", {rest}}}').values()) == {None}


def test_a_key_that_stands_twice_inside_a_list_is_refused(project):
    found = row(project, '{"dimensions": [{"value": "Ann", "value": "Bo"}]}')
    assert "a key stands twice" in found["reason"]


@pytest.mark.parametrize(
    "start",
    ['{"year": 2026, "month": 13, "day": 1}', '{"year": 2026, "month": 2, "day": 30}',
     '{"year": 2026, "month": 112, "day": 1}', '{"year": 26, "month": 1, "day": 1}', '{"year": 2026}', '"2026"',
     '[2026, 1, 1]'],
)  # fmt: skip
def test_a_date_in_numbers_that_is_none_is_refused(project, start):
    assert row(project, f'{{"range": {{"start": {start}}}}}')["column"] == "born"


def test_the_format_of_three_numbers_belongs_to_a_date(project):
    project.source(SOURCE.replace("born: {type: date", "born: {type: timestamp")).data("{}\n", "2026-03-02.jsonl")
    assert "belongs to a date" in project.pull()["error"]
