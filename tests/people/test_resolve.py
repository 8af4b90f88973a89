"""Identity over random histories: who is joined is right, and ids keep their promise."""

from datetime import date, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from people.resolve import History, Resolution, resolve

DAY = date(2026, 3, 1)


def found(*rows: tuple[str, str], day: date = DAY) -> pa.Table:
    return pa.table({
        "record_id": pa.array([r for r, _ in rows], pa.string()), "identifier": pa.array([i for _, i in rows], pa.string()),
        "kind": pa.array([i.split(":")[0] for _, i in rows], pa.string()), "first_seen_day": pa.array([day] * len(rows), pa.date32()),
    })  # fmt: skip


def who(done: Resolution) -> dict[str, str]:
    return dict(
        zip(
            done.person_identifiers["identifier"].to_pylist(),
            done.person_identifiers["person_id"].to_pylist(),
            strict=True,
        )
    )


def groups(done: Resolution) -> set[frozenset[str]]:
    by: dict[str, set[str]] = {}
    for identifier, person in who(done).items():
        by.setdefault(person, set()).add(identifier)
    return {frozenset(members) for members in by.values()}


def test_records_that_share_an_identifier_by_way_of_others_are_one_person():
    done = resolve(
        found(("1", "email:a"), ("1", "phone:1"), ("2", "phone:1"), ("2", "id:s:9"), ("3", "email:b")), History(), DAY
    )
    assert groups(done) == {frozenset({"email:a", "phone:1", "id:s:9"}), frozenset({"email:b"})}
    assert sorted(done.people["records"].to_pylist()) == [1, 2]
    assert sorted(done.people["identifiers"].to_pylist()) == [1, 3]


def test_a_person_id_is_p_and_sixteen_hex_digits_and_the_same_on_every_machine():
    assert who(resolve(found(("1", "email:ann@example.com")), History(), DAY)) == {
        "email:ann@example.com": "p_15a16a60e5559cc7"
    }


def test_a_device_and_a_handle_alone_are_nobody():
    done = resolve(found(("1", "device:x"), ("1", "handle:y:z"), ("2", "email:a"), ("2", "device:q")), History(), DAY)
    assert groups(done) == {frozenset({"email:a", "device:q"})}
    assert done.links.num_rows == 2


def test_an_identifier_on_implausibly_many_records_joins_nobody_and_is_reported():
    rows = [(str(n), "phone:+440") for n in range(51)] + [(str(n), f"email:{n}") for n in range(51)]
    done = resolve(found(*rows), History(), DAY)
    assert done.people.num_rows == 51
    assert done.ignored.to_pylist() == [{"identifier": "phone:+440", "kind": "phone", "records": 51}]
    assert "phone:+440" not in who(done)
    assert resolve(found(*rows), History(), DAY, {"phone": 51}).people.num_rows == 1


def test_the_same_day_twice_changes_nothing():
    rows = found(("1", "email:a"), ("2", "email:b"), ("2", "phone:1"))
    first = resolve(rows, History(), DAY)
    assert resolve(rows, first.history, DAY) == first


def test_a_merge_keeps_the_older_id_records_the_other_and_names_the_record_that_joined_them():
    younger = resolve(found(("1", "email:a"), day=DAY - timedelta(days=1)), History(), DAY)
    both = pa.concat_tables(
        [found(("1", "email:a"), day=DAY - timedelta(days=1)), found(("2", "email:b"), day=DAY - timedelta(days=9))]
    )
    apart = resolve(both, younger.history, DAY)
    old, young = who(apart)["email:b"], who(apart)["email:a"]
    joined = resolve(
        pa.concat_tables([both, found(("3", "email:a"), ("3", "email:b"))]), apart.history, DAY + timedelta(days=1)
    )
    assert set(who(joined).values()) == {old}
    row = {"merged_person_id": young, "person_id": old, "merged_day": DAY + timedelta(days=1), "because": "record 3"}
    assert joined.merges.to_pylist() == [row | {"merged_into": old}]
    assert (joined.merged, joined.split) == (1, 0)


def test_whoever_was_merged_twice_leads_to_the_last_and_on_an_earlier_day_to_whom_it_was_then():
    ages = {"email:a": 1, "email:b": 5, "email:c": 9}  # days; c is the oldest, and so stays
    people = [found((i, i), day=DAY - timedelta(days=ages[i])) for i in ages]
    apart = resolve(pa.concat_tables(people), History(), DAY)
    a, b, c = (who(apart)[i] for i in ages)
    first, second = (found((f"{x}{y}", x), (f"{x}{y}", y)) for x, y in (("email:a", "email:b"), ("email:b", "email:c")))
    once = resolve(pa.concat_tables([*people, first]), apart.history, DAY + timedelta(days=1))
    twice = resolve(pa.concat_tables([*people, first, second]), once.history, DAY + timedelta(days=2))
    leads = [(r["merged_person_id"], r["person_id"], r["merged_into"]) for r in twice.merges.to_pylist()]
    assert leads == [(a, c, b), (b, c, c)]
    replayed = resolve(pa.concat_tables([*people, first]), twice.history, DAY + timedelta(days=1))
    assert replayed.merges.to_pylist() == once.merges.to_pylist()
    forward = resolve(pa.concat_tables([*people, first, second]), replayed.history, DAY + timedelta(days=2))
    assert forward.merges.to_pylist() == twice.merges.to_pylist()


def test_a_split_leaves_the_id_with_its_founder_and_gives_the_others_one_never_seen():
    together = resolve(found(("1", "email:a"), ("1", "email:b"), ("2", "email:b")), History(), DAY)
    person = together.people["person_id"][0].as_py()
    founder = who(resolve(found(("1", "email:a")), History(), DAY))["email:a"] == person
    apart = resolve(found(("1", "email:a"), ("2", "email:b")), together.history, DAY + timedelta(days=1))
    keeps, other = ("email:a", "email:b") if founder else ("email:b", "email:a")
    assert who(apart)[keeps] == person
    assert who(apart)[other] != person
    assert apart.split == 1


def test_an_id_merged_away_never_comes_back_even_when_its_founder_stands_alone_again():
    alone = found(("1", "email:a"), ("2", "email:b"))
    first = resolve(alone, History(), DAY)
    joined = resolve(
        pa.concat_tables([alone, found(("3", "email:a"), ("3", "email:b"))]), first.history, DAY + timedelta(days=1)
    )
    again = resolve(alone, joined.history, DAY + timedelta(days=2))
    assert set(who(again).values()) & set(joined.merges["merged_person_id"].to_pylist()) == set()
    assert again.people.num_rows == 2


def test_when_the_founder_is_gone_the_part_with_most_records_keeps_the_id():
    start = found(("1", "email:first"), day=DAY - timedelta(days=9))
    rest = found(("1", "email:b"), ("1", "email:c"), ("2", "email:c"), ("3", "email:c"))
    before = resolve(pa.concat_tables([start, rest]), History(), DAY)
    person = before.people["person_id"][0].as_py()
    after = resolve(
        found(("1", "email:b"), ("2", "email:c"), ("3", "email:c")), before.history, DAY + timedelta(days=1)
    )
    assert who(after)["email:c"] == person


def test_a_past_day_recomputed_is_what_it_was_and_so_is_the_day_after():
    alone = found(("1", "email:a"), ("2", "email:b"))
    linked = pa.concat_tables([alone, found(("3", "email:a"), ("3", "email:b"))])
    first = resolve(alone, History(), DAY)
    second = resolve(linked, first.history, DAY + timedelta(days=1))
    replayed = resolve(alone, second.history, DAY)
    assert who(replayed) == who(first)
    assert replayed.merges.num_rows == 0
    forward = resolve(linked, replayed.history, DAY + timedelta(days=1))
    assert (who(forward), forward.merges.to_pylist()) == (who(second), second.merges.to_pylist())


def test_people_who_were_forgotten_leave_their_id_taken():
    first = resolve(found(("1", "email:a")), History(), DAY)
    gone = resolve(found(), first.history, DAY + timedelta(days=1))
    assert gone.people.num_rows == 0
    assert gone.issued == first.issued


def test_no_records_at_all_give_empty_tables_and_no_crash():
    done = resolve(found(), History(), DAY)
    assert (done.records, done.merged, done.split, done.people.num_rows, done.links.num_rows) == (0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    "text", ["email:", "email:\u0000", "email:" + "é" * 5000, "email:' or 1=1 --", "email:\U0001f600"]
)
def test_hostile_texts_are_only_texts(text: str):
    assert who(resolve(found(("1", text), ("2", "email:b")), History(), DAY)).keys() == {text, "email:b"}


pairs = st.tuples(
    st.sampled_from("123456"), st.sampled_from(["email:a", "email:b", "phone:1", "phone:2", "id:s:1", "device:d"])
)
histories = st.lists(st.lists(pairs, max_size=9), min_size=2, max_size=4)


def brute_force(rows: list[tuple[str, str]]) -> set[frozenset[str]]:
    parts: list[set[str]] = []
    for record, identifier in rows:
        new = {f"r{record}", identifier}
        parts, joined = [p for p in parts if not p & new], [p for p in parts if p & new]
        parts.append(new.union(*joined))
    identifiers = ({i for i in p if ":" in i} for p in parts)
    return {frozenset(p) for p in identifiers if any(not i.startswith("device") for i in p)}


@settings(max_examples=20, deadline=None)
@given(histories)
def test_over_any_history_parts_are_right_and_no_id_is_ever_another_persons(history: list[list[tuple[str, str]]]):
    known, merged_away, worn = History(), set[str](), dict[str, set[str]]()
    for night, rows in enumerate(history):
        done = resolve(found(*rows), known, DAY + timedelta(days=night))
        assert groups(done) == brute_force(rows)
        merged_away |= set(done.merges["merged_person_id"].to_pylist())
        assert not merged_away & set(who(done).values()), "a merged id is worn again"
        for identifier, person in who(done).items():
            members = {i for i, p in who(done).items() if p == person}
            assert not worn.get(person) or worn[person] & members, f"{identifier} wears an id of strangers"
        for identifier, person in who(done).items():
            worn.setdefault(person, set()).add(identifier)
        for row in done.merges.to_pylist():
            age = {r["person_id"]: (r["first_seen_day"], r["person_id"]) for r in done.issued.to_pylist()}
            assert age[row["person_id"]] < age[row["merged_person_id"]], "the younger id was kept"
        ids = done.issued["person_id"].to_pylist()
        assert len(ids) == len(set(ids))
        known = done.history
    again = resolve(found(*rows), known, DAY + timedelta(days=night))
    assert again == Resolution(**{**vars(done), "split": 0}), "the same night twice changed something"
