"""Random records, names, merges, splits, stewards and caps, night after night: what must hold in each."""

import random
from dataclasses import replace
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given, settings
from hypothesis import strategies as st
from support.identity_tables import decided, groups, held, named

from people.evidence import Evidence
from people.past import as_of
from people.resolve import resolve
from people.schemas import History, Resolution, Rules

DAY = date(2026, 3, 1)
RULES = Rules({"email": 3, "phone": 3}, {"phone": 2, "id:s": 2}, one_per_person=("u",))
RECORDS = [f"r{n}" for n in range(7)]
IDENTIFIERS = ["email:a", "email:b", "email:c", "phone:1", "phone:2", "id:s:1", "id:s:2", "id:u:1", "id:u:2"]
NAMES = [(None, None, None), ("Ann", "Smith", None), ("Anna", "Smith", "1980-03-05"), ("Bob", "Smith", None),
         ("Bob", "Jones", "1951-07-21"), (None, "Smith", None), ("A", None, None)]  # fmt: skip
world = st.tuples(
    st.lists(st.tuples(st.sampled_from(RECORDS), st.sampled_from(IDENTIFIERS), st.integers(0, 9)), max_size=14),
    st.lists(st.sampled_from(NAMES), min_size=7, max_size=7),
    st.lists(st.tuples(*[st.sampled_from(RECORDS)] * 2, st.sampled_from(["same", "different", "undone"])), max_size=3),
)
Night = tuple[pa.Table, Evidence]


def night(drawn: tuple) -> Night:
    rows, names, decisions = drawn
    evidence = Evidence(named(*[(r, *n) for r, n in zip(RECORDS, names, strict=True)]), decisions=decided(*decisions))
    return held(*rows), evidence


def people(found: Resolution) -> dict[str, str]:
    return {row["record_id"]: row["person_id"] for row in found.record_people.to_pylist()}


@settings(max_examples=25, deadline=None)
@given(world, st.integers(0, 99))
def test_the_partition_is_the_same_in_whatever_order_the_rows_come(drawn, seed):
    identifiers, evidence = night(drawn)
    found = resolve(identifiers, History(), DAY, RULES, evidence)
    order = random.Random(seed).sample(range(identifiers.num_rows), identifiers.num_rows)
    turned = Evidence(evidence.traits.take(list(reversed(range(7)))), decisions=evidence.decisions)
    again = resolve(identifiers.take(pa.array(order, pa.int64())), History(), DAY, RULES, turned)
    assert people(again) == people(found)
    for a, b, verdict in drawn[2]:
        last = [v for x, y, v in drawn[2] if {x, y} == {a, b}][-1]
        if last == "different" and a != b and {a, b} <= set(people(found)):
            assert people(found)[a] != people(found)[b], (a, b, verdict)
        if "different" not in {v for _, _, v in drawn[2]} and last == "same" and {a, b} <= set(people(found)):
            assert people(found)[a] == people(found)[b], "nobody has said otherwise"


@settings(max_examples=25, deadline=None)
@given(st.lists(world, min_size=2, max_size=5))
def test_no_id_changes_without_a_recorded_merge_or_split_and_none_is_worn_again(drawn):
    history, before, ever = History(), dict[str, str](), set[str]()
    for number, (identifiers, evidence) in enumerate(map(night, drawn)):
        today = DAY + timedelta(days=number)
        found = resolve(identifiers, history, today, RULES, evidence)
        now = people(found)
        merged = {r["merged_person_id"]: r["person_id"] for r in found.merges.to_pylist()}
        splits = {(r["split_from"], r["split_into"]) for r in found.splits.to_pylist() if r["split_day"] == today}
        for record in before.keys() & now.keys():
            old, new = before[record], now[record]
            assert old == new or merged.get(old) == new or (old, new) in splits, (record, old, new)
        assert not set(merged) & set(now.values()), "a merged id is worn again"
        assert set(merged.values()) <= set(found.issued["person_id"].to_pylist()) - set(merged)
        assert all(r["person_id"] == merged.get(r["split_into"], r["split_into"]) for r in found.splits.to_pylist())
        assert set(now.values()) - ever <= set(found.issued["person_id"].to_pylist())
        assert found.issued.num_rows == len(set(found.issued["person_id"].to_pylist()))
        assert resolve(identifiers, found.history, today, RULES, evidence) == found, "the same night twice"
        ever |= set(now.values())
        history, before = found.history, now


@settings(max_examples=15, deadline=None)
@given(st.lists(world, min_size=2, max_size=4))
def test_from_scratch_on_the_last_day_gives_the_same_partition(drawn):
    history = History()
    for number, (identifiers, evidence) in enumerate(map(night, drawn)):
        found = resolve(identifiers, history, DAY + timedelta(days=number), RULES, evidence)
        history = found.history
    scratch = resolve(identifiers, History(ignored=found.ignored), DAY + timedelta(days=30), RULES, evidence)
    assert groups(scratch) == groups(found)


def test_thirty_nights_of_a_growing_town_change_no_id_unrecorded():
    """Records come, change, go and come back; numbers pass on; stewards join, part and take it back."""
    rng, held_by, names, decisions = random.Random(7), dict[str, list](), dict[str, tuple](), []
    history, before, moved, told, ever = History(), dict[str, str](), 0, 0, set[str]()
    rules = Rules({"email": 9, "phone": 9}, {"email": 6})
    for number in range(30):
        today = DAY + timedelta(days=number)
        for n in range(number * 20, number * 20 + 20):
            human = rng.randrange(120)
            mail = f"email:{human if rng.random() < 0.7 else human // 4 + 500}"
            held_by[f"r{n}"] = [(f"id:s:{n}", rng.randrange(30)), (mail, rng.randrange(30))]
            if rng.random() < 0.8:
                names[f"r{n}"] = (("Ann", "Bob", "Zoe", "Kim")[human % 4], f"S{human // 4}", None)
        for record in rng.sample(sorted(held_by), 4):  # a new address, or gone
            held_by[record][1] = (f"email:{rng.randrange(120)}", 0)
        held_by.pop(rng.choice(sorted(held_by)))
        pair = rng.sample(sorted(held_by), 2)
        decisions.append((*pair, rng.choice(["same", "different"])))
        if number % 3 == 2:
            decisions.append((*decisions[number // 2][:2], "undone"))
        identifiers = held(*[(r, i, d) for r, rows in held_by.items() for i, d in rows])
        evidence = Evidence(named(*[(r, *n) for r, n in names.items()]), decisions=decided(*decisions))
        found = resolve(identifiers, history, today, rules, evidence)
        merged = {r["merged_person_id"]: r["person_id"] for r in found.merges.to_pylist()}
        splits = {(r["split_from"], r["split_into"]) for r in found.splits.to_pylist() if r["split_day"] == today}
        for record, person in people(found).items():
            old = before.get(record, person)
            assert person in (old, merged.get(old)) or (old, person) in splits, (number, record, old, person)
            moved += person != old
        told += found.merged + found.split
        issued = set(found.issued["person_id"].to_pylist())
        assert ever <= issued and not set(merged) & set(people(found).values()), "no id is lost, none is worn again"
        ever, history, before = issued, found.history, people(found)
    assert moved and told and told < 3 * moved, f"{told} rows tell of {moved} moves"
    scratch = resolve(identifiers, History(ignored=found.ignored), DAY + timedelta(days=29), rules, evidence)
    assert groups(scratch) == groups(found)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(world, st.sampled_from([1, 2, 9])), min_size=3, max_size=5))
def test_a_limit_that_is_crossed_and_crossed_back_loses_no_id_and_ends_as_from_scratch(drawn):
    history, ever = History(), set[str]()
    for number, (one, limit) in enumerate(drawn):
        identifiers, evidence = night(one)
        rules = Rules({"email": 3}, {"email": limit, "phone": limit})
        found = resolve(identifiers, history, DAY + timedelta(days=number), rules, evidence)
        merged = set(found.merges["merged_person_id"].to_pylist())
        issued = set(found.issued["person_id"].to_pylist())
        assert ever <= issued and not merged & set(people(found).values())
        kept = {r["split_into"] for r in found.splits.to_pylist()} | {
            r["merged_into"] for r in found.merges.to_pylist()
        }
        assert kept <= issued, "what became of whom leads to ids that were given"
        history, ever = found.history, issued
    scratch = resolve(identifiers, History(ignored=found.ignored), DAY + timedelta(days=30), rules, evidence)
    assert groups(scratch) == groups(found)


def rewound(history: History, day: date) -> History:
    """As people/rewind.py leaves it."""
    earlier, until = as_of(history, day), pa.scalar(day, pa.date32())
    columns = {"merges": "merged_day", "splits": "split_day", "issued": "issued_day", "past": "until_day",
               "ignored": "since_day"}  # fmt: skip
    return replace(
        earlier,
        **{name: getattr(earlier, name).filter(pc.less_equal(getattr(earlier, name)[column], until))
           for name, column in columns.items()},
    )  # fmt: skip


@settings(max_examples=15, deadline=None)
@given(st.lists(world, min_size=3, max_size=4), st.integers(0, 2))
def test_a_past_day_and_the_days_after_it_computed_again_give_everybody_the_id_of_then(drawn, back):
    nights, history, before = [night(one) for one in drawn], History(), []
    for number, (identifiers, evidence) in enumerate(nights):
        found = resolve(identifiers, history, DAY + timedelta(days=number), RULES, evidence)
        history = found.history
        before.append(people(found))
    for number in range(min(back, len(nights) - 2), len(nights)):
        identifiers, evidence = nights[number]
        found = resolve(identifiers, history, DAY + timedelta(days=number), RULES, evidence)
        history = found.history
        assert people(found) == before[number], number


@settings(max_examples=15, deadline=None)
@given(st.lists(world, min_size=2, max_size=3), st.lists(world, min_size=1, max_size=2))
def test_after_a_rewind_it_is_as_if_the_days_that_were_a_slip_had_not_been(drawn, slip):
    history = History()
    for number, (identifiers, evidence) in enumerate(map(night, drawn)):
        history = resolve(identifiers, history, DAY + timedelta(days=number), RULES, evidence).history
    last, slipped = DAY + timedelta(days=len(drawn) - 1), history
    for number, (identifiers, evidence) in enumerate(map(night, slip)):
        slipped = resolve(identifiers, slipped, last + timedelta(days=number + 1), RULES, evidence).history
    identifiers, evidence = night(drawn[0])
    plain, again = (resolve(identifiers, h, last + timedelta(days=1), RULES, evidence)
                    for h in (history, rewound(slipped, last)))  # fmt: skip
    assert people(again) == people(plain)
    merged = [sorted(found.merges["merged_person_id"].to_pylist()) for found in (again, plain)]
    assert merged[0] == merged[1]


def test_a_rewind_to_a_day_without_anybody_leaves_nobody_of_the_days_after_it():
    one, nobody, slip = held(("r0", "email:a"), ("r2", "id:s:2")), held(), held(("r0", "email:a"), ("r0", "id:s:2"))
    history = resolve(nobody, resolve(one, History(), DAY, RULES).history, DAY + timedelta(days=1), RULES).history
    last = DAY + timedelta(days=1)
    slipped = resolve(slip, history, last + timedelta(days=1), RULES).history
    after = rewound(slipped, last)
    assert after.record_people.num_rows == after.identifiers.num_rows == 0
    plain, again = (resolve(one, h, last + timedelta(days=1), RULES) for h in (history, after))
    assert people(again) == people(plain)
