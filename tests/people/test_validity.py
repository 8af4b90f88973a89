"""Whose an identifier was when: by what records gave up and took, and by who took a shared one last."""

from datetime import date, timedelta
from itertools import pairwise

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from support.identity_tables import DAY, held, named

from people.evidence import Evidence
from people.resolve import resolve
from people.schemas import PASSED, History, Resolution, Rules


def on(days_ago: int | None) -> date | None:
    return None if days_ago is None else DAY - timedelta(days=days_ago)


def passed(*rows: tuple[str, int, int, int | None]) -> pa.Table:
    """(record, days ago first seen with phone:1, days ago taken for good, days ago given up)."""
    columns = ["record_id", "identifier", "first_seen_day", "first_day", "since_day", "until_day"]
    values = [(r, "phone:1", on(first), on(first), on(since), on(until)) for r, first, since, until in rows]
    return pa.Table.from_pylist([dict(zip(columns, row, strict=True)) for row in values], schema=PASSED)


def spans(found: Resolution) -> list[tuple[str, date | None, date | None]]:
    """(record, from, until) of phone:1."""
    whose = {row["person_id"]: row["record_id"] for row in found.record_people.to_pylist()}
    rows = [r for r in found.validity.to_pylist() if r["identifier"] == "phone:1"]
    spanned = [(whose[r["person_id"]], r["from_day"], r["until_day"]) for r in rows]
    return sorted(spanned, key=lambda row: row[1] or date.min)


PEOPLE = held(*[(r, f"id:s:{r}") for r in "abc"], ("c", "phone:1", 5))


def test_a_number_belongs_to_each_in_their_time():
    evidence = Evidence(passed=passed(("a", 90, 90, 60), ("b", 50, 50, 10), ("c", 5, 5, None)))
    found = resolve(PEOPLE, History(), DAY, None, evidence)
    assert spans(found) == [("a", None, on(50)), ("b", on(50), on(5)), ("c", on(5), None)]


def test_who_held_it_all_along_is_its_owner_also_while_another_had_it():
    evidence = Evidence(passed=passed(("a", 60, 60, 40), ("c", 90, 90, None)))
    assert spans(resolve(PEOPLE, History(), DAY, None, evidence)) == []


def test_one_that_took_it_back_has_not_had_it_meanwhile():
    evidence = Evidence(passed=passed(("a", 60, 60, 40), ("c", 90, 40, None)))
    assert spans(resolve(PEOPLE, History(), DAY, None, evidence)) == [("a", on(60), on(40)), ("c", on(40), None)]


def test_a_record_of_the_same_human_passes_nothing_on_and_one_that_is_gone_has_nothing():
    same = pa.concat_tables([PEOPLE, held(("a", "id:s:c"))])
    evidence = Evidence(passed=passed(("a", 90, 90, 60), ("gone", 90, 90, 60), ("c", 5, 5, None)))
    assert spans(resolve(same, History(), DAY, None, evidence)) == []


def test_what_nobody_holds_any_more_was_the_last_ones_until_they_gave_it_up():
    nobodys = held(("a", "id:s:a"), ("phone:1", "phone:1"))
    found = resolve(nobodys, History(), DAY, None, Evidence(passed=passed(("a", 90, 90, 60))))
    rows = found.validity.to_pylist()
    person = found.record_people["person_id"].to_pylist()[0]
    assert [(r["person_id"] == person, r["from_day"], r["until_day"]) for r in rows] == [
        (True, None, on(60)), (False, on(60), None)
    ]  # fmt: skip


def test_a_shared_number_of_whoever_took_it_last_was_the_other_ones_before():
    both = held(("a", "phone:1", 90), ("b", "phone:1", 30), ("a", "id:s:a"), ("b", "id:s:b"))
    evidence = Evidence(named(("a", "Ann", "Smith", None), ("b", "Bob", "Jones", None)))
    assert spans(resolve(both, History(), DAY, None, evidence)) == [], "the first one's: always"
    last = resolve(both, History(), DAY, Rules(shared_owner="last"), evidence)
    assert spans(last) == [("a", None, on(30)), ("b", on(30), None)]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)), max_size=6)
)
def test_of_every_day_at_most_one_has_it_and_todays_is_its_owner(drawn):
    rows = {r: (r, max(x, y), y, z if z < y else None) for r, x, y, z in drawn}
    holding = [(r, "phone:1", x) for r, x, _, z in rows.values() if z is None]
    identifiers = held(*[(r, f"id:s:{r}") for r in rows], *holding, ("phone:1", "phone:1"))
    names = named(*[(r, f"{r * 6}", f"{r * 7}", None) for r in rows])
    for rule in ("first", "last"):
        found = resolve(
            identifiers, History(), DAY, Rules(shared_owner=rule), Evidence(names, passed=passed(*rows.values()))
        )
        spanned = [
            (r["from_day"] or date.min, r["until_day"] or date.max, r["person_id"]) for r in found.validity.to_pylist()
        ]
        spanned.sort()
        assert all(one[1] == next_[0] for one, next_ in pairwise(spanned)), spanned
        owner = {r["identifier"]: r["person_id"] for r in found.person_identifiers.to_pylist()}["phone:1"]
        assert not spanned or (spanned[-1][1] == date.max and spanned[-1][2] == owner)
