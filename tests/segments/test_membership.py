"""History of membership: entered, left, why; the same day twice, an older day, people who became one."""

import shutil
from datetime import date

from core.settings import load_settings

D1, D2, D3, D4 = (date(2026, 3, day) for day in (26, 27, 28, 29))
UNHAPPY = {"lifetime_orders": 2, "open_tickets": 1}
WHY = "last_nps=unknown; open_tickets=1"


def unhappy(town, *people: str) -> None:
    town.has("profiles", [{"person_id": person, **UNHAPPY} for person in people])


def stays(town) -> list[tuple]:
    return [row[1:4] for row in town.history() if row[0] == "unhappy_customers"]


def test_an_empty_first_run_makes_empty_tables_and_a_row_of_zeros_a_segment(town):
    town.night(D1)
    assert town.history() == []
    sizes = town.rows("select segment, people, entered, departed from marts.segment_sizes")
    assert sorted(sizes) == [("nobody", 0, 0, 0), ("unhappy_customers", 0, 0, 0)]


def test_who_comes_and_goes_is_kept_with_the_values_that_decided(town):
    unhappy(town, "ann", "bob")
    town.night(D1)
    unhappy(town, "bob", "cem")
    town.night(D2)
    unhappy(town, "ann", "bob")
    town.night(D4)  # nobody ran D3
    assert town.history() == [
        ("unhappy_customers", "ann", D1, D2, WHY), ("unhappy_customers", "ann", D4, None, WHY),
        ("unhappy_customers", "bob", D1, None, WHY), ("unhappy_customers", "cem", D2, D4, WHY),
    ]  # fmt: skip
    sizes = town.rows(
        "select day, people, entered, departed from marts.segment_sizes where segment = 'unhappy_customers' order by day"
    )
    assert sizes == [(D1, 2, 2, 0), (D2, 2, 1, 1), (D4, 2, 1, 1)]


def test_the_same_day_twice_changes_nothing_and_takes_back_what_no_longer_holds(town):
    unhappy(town, "ann", "bob")
    town.night(D1)
    unhappy(town, "ann", "cem")
    town.night(D2)
    once = town.history()
    town.night(D2)
    assert town.history() == once
    unhappy(town, "ann", "bob")  # bob had not left after all, and cem was a mistake
    town.night(D2)
    assert stays(town) == [("ann", D1, None), ("bob", D1, None)]


def test_a_run_of_an_older_day_leaves_history_untouched_even_when_the_newest_changed_nothing(town):
    unhappy(town, "ann", "bob")
    town.night(D2)
    town.night(D3)
    known, sizes = town.history(), town.rows("select * from marts.segment_sizes order by 1, 2")
    unhappy(town, "zoe")
    town.night(D2)
    town.night(D1)
    assert town.history() == known
    assert town.rows("select * from marts.segment_sizes order by 1, 2") == sizes


def test_two_people_who_became_one_have_one_history(town):
    unhappy(town, "ann", "annie", "bob", "bobby", "cem")
    town.night(D1)
    unhappy(town, "annie", "bobby", "cem")
    town.night(D2)
    # annie is ann; bobby is rob, who is bob; cem is new under an older id
    town.merged(
        ("annie", "ann", D3), ("bobby", "rob", D3), ("rob", "bob", D3), ("cem", "old_cem", D3), ("old_cem", "x", D4)
    )
    unhappy(town, "ann", "bob")
    town.night(D3)
    expected = [("ann", D1, None), ("bob", D1, None), ("old_cem", D1, D3)]
    assert stays(town) == expected
    town.night(D3)
    assert stays(town) == expected


def test_stays_that_do_not_meet_stay_apart_when_people_become_one(town):
    unhappy(town, "ann")
    town.night(D1)
    unhappy(town)
    town.night(D2)
    unhappy(town, "annie")
    town.night(D3)
    town.merged(("annie", "ann", D4))
    unhappy(town, "ann")
    town.night(D4)
    assert stays(town) == [("ann", D1, D2), ("ann", D3, None)]


def test_a_segment_that_is_taken_out_of_the_project_is_left_by_everybody(town, tmp_path):
    unhappy(town, "ann")
    town.night(D1)
    smaller = tmp_path / "project"
    shutil.copytree(town.settings.root, smaller)
    for file in (smaller / "dbt_project/models/marts/segments").glob("segment__unhappy_customers.*"):
        file.unlink()
    town.settings = load_settings(root=smaller, home=town.settings.home)
    town.night(D2)
    assert stays(town) == [("ann", D1, D2)]
