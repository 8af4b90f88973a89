"""Ids of groups over random histories: they stay, every change is a row, and a past day can be recomputed."""

import random
from datetime import date, timedelta

import duckdb
import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.groups import DAY, NO_WORDS, OURS, ids, living, night, sets

from people.groups import households
from people.groups.schemas import PARTS, Memory

PEOPLE = [f"p{n}" for n in range(7)]
STREETS, NAMES, PHONES = ["A 1", "B 2", "C 3", None], ["Roe", "Poe", "Moe", None], ["+1", "+2", None]
world = st.lists(st.tuples(*(st.sampled_from(values) for values in (PEOPLE, STREETS, NAMES, PHONES))), max_size=9)


def records(rows: list[tuple]) -> pa.Table:
    return living(*[
        {"person_id": p, "record_id": f"r{n}", "street": street, "postal_code": "1", "last_name": name, "phone": phone}
        for n, (p, street, name, phone) in enumerate(rows)
    ])  # fmt: skip


def grouped(*groups: str) -> pa.Table:
    rows = [{"member": m, "part": n, "place": None, "because": "here"} for n, g in enumerate(groups) for m in g]
    return pa.Table.from_pylist(rows, schema=PARTS)


@settings(max_examples=15, deadline=None)
@given(world, st.integers(0, 99))
def test_the_partition_is_the_same_in_whatever_order_the_rows_come(rows, seed):
    with duckdb.connect() as db:
        table = records(rows)
        found = households.find(db, OURS, table, NO_WORDS)
        order = random.Random(seed).sample(range(len(rows)), len(rows))
        again = households.find(db, OURS, table.take(pa.array(order, pa.int64())), NO_WORDS)
        assert sets(again) == sets(found) and found["member"].to_pylist() == sorted(set(found["member"].to_pylist()))


# two splits of one day that lead to others since: in the same order when the night is run again
TWO_SPLITS = [
    [],
    [*[("p0", "A 1", "Roe", "+1")] * 4, ("p0", "B 2", "Roe", "+2"), ("p6", "B 2", "Roe", "+1"),
     ("p5", "A 1", "Roe", "+1"), ("p1", "B 2", "Roe", "+1")],
    [("p0", "A 1", "Roe", "+1"), ("p6", "B 2", "Roe", "+1")],
    [("p3", None, "Poe", "+1"), ("p1", "B 2", "Poe", "+1")],
    [("p0", "A 1", "Roe", None), ("p1", "A 1", "Roe", "+1"), ("p2", None, "Roe", "+1"), ("p3", "A 1", "Moe", "+1"),
     ("p5", "A 1", None, "+1"), ("p0", "A 1", "Roe", None), ("p0", "A 1", "Roe", "+2"), ("p1", "B 2", "Roe", "+1"),
     ("p0", "C 3", "Roe", None)],
    [("p0", "A 1", "Roe", "+1"), ("p2", "A 1", "Roe", "+1")],
]  # fmt: skip


@settings(max_examples=20, deadline=None)
@given(st.lists(world, min_size=2, max_size=6), st.integers(0, 4))
@example(nights=TWO_SPLITS, back=0)
def test_ids_stay_every_change_is_a_row_and_a_past_day_gives_what_it_gave(nights, back):
    with duckdb.connect() as db:
        memory, before, ever, given_ids, memories = Memory(), dict[str, str](), set[str](), [], []
        parts = [households.find(db, OURS, records(rows), NO_WORDS) for rows in nights]
        for number, part in enumerate(parts):
            today = DAY + timedelta(days=number)
            kept = night(db, part, memory, today)
            now = ids(kept, part)
            merged = {r["merged_id"]: r["group_id"] for r in kept.memory.merges.to_pylist()}
            splits = {
                (r["split_from"], r["split_into"]) for r in kept.memory.splits.to_pylist() if r["split_day"] == today
            }
            for member in before.keys() & now.keys():
                old, new = before[member], now[member]
                assert old == new or merged.get(old) == new or (old, new) in splits, (member, old, new)
            assert not set(merged) & set(now.values()), "a merged id is worn again"
            assert len(set(now.values())) == len(sets(part)), "one group, one id"
            issued = kept.memory.issued["group_id"].to_pylist()
            assert len(issued) == len(set(issued)) and set(now.values()) <= set(issued) and ever <= set(issued)
            assert open_stays(kept.memory) == now
            assert night(db, part, kept.memory, today) == kept, "the same night twice"
            ever |= set(now.values())
            memory, before = kept.memory, now
            given_ids.append(now)
            memories.append(kept.memory)
        for number in range(min(back, len(parts) - 1), len(parts)):
            kept = night(db, parts[number], memory, DAY + timedelta(days=number))
            assert ids(kept, parts[number]) == given_ids[number], "a past day computed again, and those after it"
            memory = kept.memory
            assert (memory.stays, memory.merges, memory.splits) == (
                memories[number].stays, memories[number].merges, memories[number].splits
            )  # fmt: skip


def open_stays(memory: Memory) -> dict[str, str]:
    return {r["member"]: r["group_id"] for r in memory.stays.to_pylist() if r["until_day"] is None}


def test_an_id_goes_where_most_go_and_who_leaves_gets_another():
    with duckdb.connect() as db:
        first = night(db, grouped("abc", "d"), Memory(), DAY)
        was = ids(first, grouped("abc", "d"))
        second = night(db, grouped("a", "bcd"), first.memory, DAY + timedelta(days=1))
        now = ids(second, grouped("a", "bcd"))
        assert now["b"] == was["a"] and now["a"] not in was.values()
        assert (second.merged, second.split) == (1, 1)
        assert second.memory.merges.to_pylist()[0] | {"because": ""} == {
            "kind": "household", "merged_id": was["d"], "group_id": was["a"], "merged_day": date(2026, 3, 2),
            "because": "", "merged_into": was["a"]}  # fmt: skip
        third = night(db, grouped("abcd"), second.memory, DAY + timedelta(days=2))
        assert set(ids(third, grouped("abcd")).values()) == {was["a"]}


def test_a_night_without_the_source_takes_no_id_away():
    with duckdb.connect() as db:
        parts, day = grouped("ab", "c"), timedelta(days=1)
        first = night(db, parts, Memory(), DAY)
        empty = night(db, grouped(), first.memory, DAY + day)
        assert open_stays(empty.memory) == {} and (empty.merged, empty.split) == (0, 0)
        back = night(db, parts, empty.memory, DAY + 2 * day)
        assert ids(back, parts) == ids(first, parts)


def test_who_becomes_another_person_takes_the_household_along_once():
    with duckdb.connect() as db:
        first = night(db, grouped("a", "bc"), Memory(), DAY)
        renamed = pa.table({"member": ["d"], "known_as": ["a"]})
        second = night(db, grouped("d", "bc"), first.memory, DAY + timedelta(days=1), renamed)
        assert ids(second, grouped("d", "bc"))["d"] == ids(first, grouped("a", "bc"))["a"]
        third = night(db, grouped("dbc"), second.memory, DAY + timedelta(days=2), renamed)
        assert (third.merged, third.split) == (1, 0)
        fourth = night(db, grouped("d", "bc"), third.memory, DAY + timedelta(days=3), renamed)
        fifth = night(db, grouped("d", "bc"), fourth.memory, DAY + timedelta(days=4), renamed)
        assert (fourth.split, fifth.merged, fifth.split) == (1, 0, 0), "told once"


def test_a_household_that_moves_as_a_whole_keeps_its_id_and_its_move_is_a_stay():
    with duckdb.connect() as db:
        rows = [("a", "A 1", "Roe", None), ("b", "A 1", "Roe", None)]
        first = night(db, households.find(db, OURS, records(rows), NO_WORDS), Memory(), DAY)
        moved = households.find(db, OURS, records([(p, "B 2", *rest) for p, _, *rest in rows]), NO_WORDS)
        second = night(db, moved, first.memory, DAY + timedelta(days=1))
        assert open_stays(second.memory) == open_stays(first.memory) and second.memory.stays.num_rows == 4
