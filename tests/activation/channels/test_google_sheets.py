"""What is special to Google Sheets: rows by key in a grid that people touch, gaps, and no formula is run."""

import json

import pytest
from support import recorded
from support.fakes.server import Answer

from activation.channel import MaybeSent, NotSent
from activation.channels.google_sheets import _letters
from core.errors import FatalError
from tests.activation.channels.opened import changes, settled, statuses, vendor


@pytest.fixture
def sheets(tmp_path, monkeypatch):
    with vendor("google_sheets", tmp_path, monkeypatch) as (fake, channel):
        yield fake, channel


def people(*numbers, **more):
    columns = {"email": [f"{n}@example.com" for n in numbers], "keys": [f"p{n}" for n in numbers]}
    return changes(**{**columns, **more})


def sent(fake, path):
    return [r for r in fake.requests if r.path.endswith(path)]


def test_the_header_is_written_once_and_missing_columns_are_added_at_the_right(sheets):
    fake, channel = sheets
    statuses(channel, people(0, 1))
    fake.grid[0].append("remark")
    fake.grid[1].append("call her")
    statuses(channel, people(0, key="run2", first_name=["Zoë"]))
    assert fake.grid[0] == ["person_id", "email", "remark", "first_name"]
    assert fake.grid[1] == ["p0", "0@example.com", "call her", "Zoë"]


def test_an_emptied_row_is_used_before_anything_is_appended(sheets):
    fake, channel = sheets
    statuses(channel, people(0, 1, 2))
    statuses(channel, people(1, op="remove", key="run2"))
    statuses(channel, people(3, 4, key="run3"))
    assert [row[0] for row in fake.grid] == ["person_id", "p0", "p3", "p2", "p4"]


def test_more_gaps_than_new_people_do_not_make_google_write_over_the_rows_below(sheets):
    fake, channel = sheets
    statuses(channel, people(0, 1, 2, 3))
    statuses(channel, people(0, 1, op="remove", key="run2"))
    statuses(channel, people(5, key="run3"))
    assert [row[0] for row in fake.grid] == ["person_id", "p5", "", "p2", "p3"]


def test_a_sheet_that_somebody_sorted_is_read_anew(sheets):
    fake, channel = sheets
    statuses(channel, people(0, 1, 2))
    fake.grid[1:] = fake.grid[:0:-1]
    statuses(channel, people(0, key="run2", email=["new@example.com"]))
    assert {row[0]: row[1] for row in fake.grid[1:]} == {
        "p2": "2@example.com",
        "p1": "1@example.com",
        "p0": "new@example.com",
    }


def test_an_append_without_an_answer_is_found_and_not_made_twice(sheets):
    fake, channel = sheets
    statuses(channel, people(0))
    fake.script = ["500 acts"]
    with pytest.raises(MaybeSent):
        channel.push(people(1, 2, key="run2"))
    assert statuses(channel, people(1, 2, key="run2")) == ["accepted"] * 2
    assert [row[0] for row in fake.grid] == ["person_id", "p0", "p1", "p2"]


def test_a_remark_beside_somebody_who_left_does_not_stand_beside_the_next(sheets):
    fake, channel = sheets
    statuses(channel, people(0, 1))
    fake.grid[0].append("remark")
    fake.grid[1].append("owes us money")
    statuses(channel, people(0, op="remove", key="run2"))
    statuses(channel, people(7, key="run3"))
    assert fake.grid[1][0] == "p7" and "owes us money" not in str(fake.grid)


def test_who_stands_there_twice_is_taken_out_twice(sheets):
    fake, channel = sheets
    statuses(channel, people(0, 1))
    fake.grid.append(list(fake.grid[1]))
    statuses(channel, people(0, op="remove", key="run2"))
    assert fake.audience() == {"1@example.com"}


def test_nothing_is_run_as_a_formula_and_numbers_stay_numbers(sheets):
    fake, channel = sheets
    statuses(channel, people(0, first_name=["=IMPORTXML(1)"], value=[1.5], keen=[True]))
    assert fake.grid[1][2:] == ["=IMPORTXML(1)", 1.5, True]
    assert json.loads(sent(fake, ":batchUpdate")[0].body)["valueInputOption"] == "RAW"


def test_a_column_a_of_somebody_elses_is_not_written_over(sheets):
    fake, channel = sheets
    fake.grid = [["Name", "Phone"], ["Ann", "1"]]
    with pytest.raises(FatalError, match="column A"):
        channel.push(people(0))
    assert fake.grid == [["Name", "Phone"], ["Ann", "1"]]


def test_a_tab_that_is_not_there_ends_the_sync_instead_of_costing_every_row(tmp_path, monkeypatch):
    elsewhere = vendor("google_sheets", tmp_path, monkeypatch, sheet="Elsewhere")
    with elsewhere as (_, channel), pytest.raises(FatalError, match="no sheet Elsewhere"):
        channel.push(people(0))


def test_a_text_longer_than_a_cell_costs_its_row(sheets):
    fake, channel = sheets
    said = settled(channel, people(0, 1, note=["x" * 50_001, "fine"]))
    assert [s for s, _ in said] == ["rejected", "accepted"] and fake.audience() == {"1@example.com"}


def test_find_tells_who_is_there_and_what_is_filled(sheets):
    _, channel = sheets
    statuses(channel, people(0, 1, first_name=["Ann", None]))
    there = channel.find(people(0, 1, 2), ("first_name", "shoe_size"))
    assert there.present.to_pylist() == [True, True, False]
    assert there.fields.to_pylist() == [
        {"first_name": "Ann", "shoe_size": None}, {"first_name": None, "shoe_size": None},
        {"first_name": None, "shoe_size": None},
    ]  # fmt: skip


def test_the_recorded_429_waits_for_a_later_try(sheets):
    fake, channel = sheets
    said = recorded.responses("google-sheets", "/values/", 429)
    if not said:
        pytest.skip("needs ../shared/specs/recorded, which is not part of the project")
    status, headers, body = said[0]
    fake.answer = lambda request: Answer(status, body, headers)
    with pytest.raises(NotSent):
        channel.push(people(0))


def test_columns_are_named_as_a_sheet_names_them():
    assert [_letters(n) for n in (0, 25, 26, 51, 52, 701, 702)] == ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]
