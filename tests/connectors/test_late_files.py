"""A day's file that came after its night, or grew after it: read where a no may be in it, told elsewhere."""

from datetime import date

import pytest

from connectors.check import check
from connectors.pull import pull

SOURCE = """
description: A file a day
defaults: {path: "{home}/in"}
tables:
  wishes:
    kind: files
    pattern: "wishes-{day}.csv"
    max_reject_share: 0.5
    columns: {id: {type: text, required: true}, email: {type: text, identifier: email}, said: date}
"""
STAGING = "select id as consent_key, email__normalised as email, _day from {{ source('raw', 'people__wishes') }}"
DAYS = [date(2026, 3, day) for day in range(1, 8)]
HEAD = "id,email,said\n"


def write(project, day: date, *ids: str) -> None:
    project.data(HEAD + "".join(f"{i},{i}@a.example,2026-03-01\n" for i in ids), f"wishes-{day}.csv")


def land(project, day: date) -> dict:
    return pull(project.settings, day, ["people"])["sources"][0]


@pytest.fixture
def filled(project):
    """A night of the third; the second's file came late, the third's grew, the first's is older than any pull."""
    project.source(SOURCE)
    write(project, DAYS[0], "old")
    write(project, DAYS[1], "early")
    for day in (DAYS[1], DAYS[2]):
        write(project, day, f"on{day.day}")
        land(project, day)
    write(project, DAYS[2], "on3", "appended")
    write(project, DAYS[3], "missed")
    write(project, DAYS[4], "today")
    return project


def test_a_late_file_and_a_grown_one_are_read_by_the_next_pull_where_a_no_may_be_in_them(filled):
    staging = filled.root / "dbt_project/models/staging/people"
    staging.mkdir(parents=True)
    (staging / "stg_people__consents.sql").write_text(STAGING)
    result = land(filled, DAYS[4])
    assert "error" not in result and "2 files of earlier days" in " ".join(result["warnings"])
    days = {row["id"]: row["_day"].day for row in filled.raw("id, _day", "people__wishes")}
    assert days == {"on2": 2, "on3": 3, "appended": 3, "missed": 4, "today": 5}, "not what is older than any pull"
    again = land(filled, DAYS[4])
    assert again["rows_landed"] == 0 and "earlier days" not in " ".join(again["warnings"])
    filled.data(HEAD + ",,x\n,,y\n", f"wishes-{DAYS[3]}.csv")  # a late file that is refused holds up its own rows alone
    write(filled, DAYS[5], "after")
    broken = land(filled, DAYS[5])
    assert "error" in broken and "after" in {row["id"] for row in filled.raw("id", "people__wishes")}


def test_elsewhere_they_are_told_by_pull_and_doctor(filled):
    warnings = " ".join(land(filled, DAYS[4])["warnings"])
    assert f"wishes-{DAYS[2]}.csv, wishes-{DAYS[3]}.csv came after" in warnings
    assert f"pull people --from {DAYS[2]} --to {DAYS[3]}" in warnings
    assert {row["id"] for row in filled.raw("id", "people__wishes")} == {"on2", "on3", "today"}
    filled.source(SOURCE.replace("max_reject_share", "late_days: 0\n    max_reject_share"))
    assert "came after" not in " ".join(land(filled, DAYS[4])["warnings"])


def test_doctor_tells_a_file_that_came_late(project):
    from core.clock import today

    day = today(project.settings)
    project.source(SOURCE)
    earlier = date.fromordinal(day.toordinal() - 3)
    write(project, earlier, "a")
    land(project, earlier)
    write(project, date.fromordinal(day.toordinal() - 2), "late")
    assert "came after the pull" in check(project.settings)[-1]["detail"]
