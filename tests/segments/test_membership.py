"""History of membership: entered, left, why; the same day twice, an older day, people who became one.

dbt takes seconds a night, so one town lives through one week, people of each test by their own names, and the tests
look at what was remembered after each night.
"""

import shutil
from datetime import date
from typing import Any

import pytest

from core.rewind import rewind
from core.settings import load_settings

D1, D2, D3, D4, D5, D6 = (date(2026, 3, day) for day in (25, 26, 27, 28, 29, 30))
WRONG = date(2027, 3, 26)  # one wrong digit
UNHAPPY = {"lifetime_orders": 2, "open_tickets": 1}
WHY = "last_nps=unknown; open_tickets=1"
SIZES = "select segment, day, people, entered, departed from marts.segment_sizes order by segment, day"
# Who is unhappy on each day of the week; nobody runs D4.
MEMBERS = {
    D2: "ann bob | twin1 twin2 left_twin | old chain3 | then apart1",
    D3: "ann cem | twin2 left_twin | old | ",
    D5: "ann bob | twin1 stayed_twin | old | now apart2",
    D6: "ann bob | twin1 stayed_twin | old | now apart1",
}
MERGES = {
    D3: [("chain3", "old", D3), ("chain2", "old", D3)],
    D5: [
        ("twin2", "twin1", D5),
        ("left_twin", "stayed_twin", D5),
        ("then", "now", D5),
        ("now", "future", date(2026, 4, 9)),
    ],
    D6: [("apart2", "apart1", D6)],
}


class Week:
    """What was remembered after each step of the week."""

    def __init__(self) -> None:
        self.history: dict[str, list[tuple[Any, ...]]] = {}
        self.sizes: dict[str, list[tuple[Any, ...]]] = {}

    def keep(self, town, step: str) -> None:
        self.history[step], self.sizes[step] = town.history(), town.rows(SIZES)

    def stays(self, step: str, *people: str) -> list[tuple[Any, ...]]:
        return [row[1:4] for row in self.history[step] if row[1] in people]


def unhappy(town, people: str) -> None:
    town.has("profiles", [{"person_id": person, **UNHAPPY} for person in people.replace("|", " ").split()])


@pytest.fixture(scope="module")
def week(small_town, tmp_path_factory) -> Week:
    town, week, merges = small_town, Week(), []
    town.night(D1)
    week.keep(town, "empty")
    unhappy(town, "ann mistake")  # corrected by a second run of the same day
    town.night(D2)
    for day, people in MEMBERS.items():
        merges += MERGES.get(day, [])
        town.merged(*merges)
        unhappy(town, people)
        town.night(day)
        week.keep(town, str(day))
    town.night(D6)
    week.keep(town, "twice")
    unhappy(town, "zoe")
    town.night(D5)
    week.keep(town, "older")
    smaller = tmp_path_factory.mktemp("smaller") / "project"
    shutil.copytree(town.settings.root, smaller)
    for file in (smaller / "dbt_project/models/marts/segments").glob("segment__unhappy_customers.*"):
        file.unlink()
    town.settings = load_settings(root=smaller, home=town.settings.home)
    town.night(date(2026, 3, 31))
    week.keep(town, "without")
    return week


def test_an_empty_first_run_makes_empty_tables_and_a_row_of_zeros_a_segment(week):
    assert week.history["empty"] == []
    assert week.sizes["empty"] == [("nobody", D1, 0, 0, 0), ("unhappy_customers", D1, 0, 0, 0)]


def test_who_comes_and_goes_is_kept_with_the_values_that_decided(week):
    kept = [row for row in week.history[str(D5)] if row[1] in ("ann", "bob", "cem")]
    assert kept == [
        ("unhappy_customers", "ann", D2, None, WHY), ("unhappy_customers", "bob", D2, D3, WHY),
        ("unhappy_customers", "bob", D5, None, WHY), ("unhappy_customers", "cem", D3, D5, WHY),
    ]  # fmt: skip


def test_a_second_run_of_the_newest_day_takes_back_what_no_longer_holds(week):
    assert week.stays(str(D2), "mistake") == []
    assert week.stays(str(D2), "ann", "bob") == [("ann", D2, None), ("bob", D2, None)]


def test_the_same_day_twice_changes_nothing(week):
    assert week.history["twice"] == week.history[str(D6)]
    assert week.sizes["twice"] == week.sizes[str(D6)]


def test_a_run_of_an_older_day_leaves_history_untouched(week):
    assert week.history["older"] == week.history[str(D6)]
    assert week.sizes["older"] == week.sizes[str(D6)]


def test_two_people_who_became_one_have_one_history(week):
    assert week.stays(str(D5), "twin1", "twin2") == [("twin1", D2, None)]  # one was gone, the other had stayed
    assert week.stays(str(D5), "left_twin", "stayed_twin") == [
        ("stayed_twin", D2, None)
    ]  # the old stay, the other's name
    assert week.stays(str(D3), "chain3", "chain2", "old") == [("old", D2, None)]  # merged twice in one night


def test_a_merge_of_a_later_day_is_not_known_yet(week):
    assert week.stays(str(D5), "then", "now", "future") == [("now", D2, D3), ("now", D5, None)]


def test_stays_that_do_not_meet_stay_apart_when_people_become_one(week):
    assert week.stays(str(D6), "apart1", "apart2") == [("apart1", D2, D3), ("apart1", D5, None)]


def test_sizes_add_up_to_membership_on_every_day_built(week):
    for segment, day, people, entered, departed in week.sizes[str(D6)]:
        rows = [row for row in week.history[str(D6)] if row[0] == segment]
        assert people == sum(row[2] <= day and (row[3] is None or row[3] > day) for row in rows)
        assert entered == sum(row[2] == day for row in rows) and departed == sum(row[3] == day for row in rows)
    assert {day for _, day, *_ in week.sizes[str(D6)]} == {D1, D2, D3, D5, D6}


def test_a_segment_that_is_taken_out_of_the_project_is_left_by_everybody(week):
    assert week.stays("without", "ann") == [("ann", D2, date(2026, 3, 31))]
    assert all(row[3] is not None for row in week.history["without"])


def test_a_night_after_a_rewind_gives_what_it_would_have_given_without_the_wrong_day(new_town):
    town = new_town
    unhappy(town, "ann bob")
    town.night(D2)
    unhappy(town, "bob cem")
    town.night(WRONG)
    unhappy(town, "ann cem")
    town.night(D3)
    assert {row[2] for row in town.history()} == {D2, WRONG}, "the newest day it knows is a year ahead"
    shown = rewind(town.settings, D2, apply=False)
    assert [(part["table"], part["rows"]) for part in shown] == [
        ("marts.segment_days", 1), ("marts.segment_membership", 1), ("marts.segment_membership", 1)
    ]  # fmt: skip
    assert rewind(town.settings, D2, apply=True) == shown
    assert rewind(town.settings, D2, apply=True) == []
    town.night(D3)
    stays = [row[1:4] for row in town.history()]
    assert stays == [("ann", D2, None), ("bob", D2, D3), ("cem", D3, None)]
