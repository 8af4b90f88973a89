"""Identity over random histories: who is joined is right, and ids keep their promise."""

from datetime import date, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from people.resolve import resolve
from people.schemas import History, Resolution, Rules

DAY = date(2026, 3, 1)


def links(*rows: tuple[str, str], day: date = DAY) -> pa.Table:
    return pa.table({
        "record_id": pa.array([r for r, _ in rows], pa.string()),
        "identifier": pa.array([i for _, i in rows], pa.string()),
        "kind": pa.array([i.split(":")[0] for _, i in rows], pa.string()),
        "first_seen_day": pa.array([day] * len(rows), pa.date32()),
    })  # fmt: skip


def who(resolution: Resolution) -> dict[str, str]:
    return dict(
        zip(
            resolution.person_identifiers["identifier"].to_pylist(),
            resolution.person_identifiers["person_id"].to_pylist(),
            strict=True,
        )
    )


def groups(resolution: Resolution) -> set[frozenset[str]]:
    by: dict[str, set[str]] = {}
    for identifier, person in who(resolution).items():
        by.setdefault(person, set()).add(identifier)
    return {frozenset(members) for members in by.values()}


def test_records_that_share_an_identifier_by_way_of_others_are_one_person():
    resolution = resolve(
        links(("1", "email:a"), ("1", "phone:1"), ("2", "phone:1"), ("2", "id:s:9"), ("3", "email:b")), History(), DAY
    )
    assert groups(resolution) == {frozenset({"email:a", "phone:1", "id:s:9"}), frozenset({"email:b"})}
    assert sorted(resolution.people["records"].to_pylist()) == [1, 2]
    assert sorted(resolution.people["identifiers"].to_pylist()) == [1, 3]


def test_a_person_id_is_p_and_sixteen_hex_digits_and_the_same_on_every_machine():
    assert who(resolve(links(("1", "email:ann@example.com")), History(), DAY)) == {
        "email:ann@example.com": "p_15a16a60e5559cc7"
    }


def test_a_device_and_a_handle_alone_are_nobody():
    resolution = resolve(
        links(("1", "device:x"), ("1", "handle:y:z"), ("2", "email:a"), ("2", "device:q")), History(), DAY
    )
    assert groups(resolution) == {frozenset({"email:a", "device:q"})}
    assert resolution.links.num_rows == 2


def test_an_identifier_on_implausibly_many_records_joins_nobody_and_is_reported():
    rows = [(str(n), "phone:+440") for n in range(51)] + [(str(n), f"email:{n}") for n in range(51)]
    resolution = resolve(links(*rows), History(), DAY)
    assert resolution.people.num_rows == 51
    assert resolution.ignored.to_pylist() == [
        {"identifier": "phone:+440", "kind": "phone", "records": 51, "since_day": DAY, "because": "declared"}
    ]
    assert "phone:+440" not in who(resolution)
    assert resolve(links(*rows), History(), DAY, Rules({"phone": 51})).people.num_rows == 1


def test_the_same_day_twice_changes_nothing():
    rows = links(("1", "email:a"), ("2", "email:b"), ("2", "phone:1"))
    first = resolve(rows, History(), DAY)
    assert resolve(rows, first.history, DAY) == first


def test_a_merge_keeps_the_older_id_records_the_other_and_names_the_record_that_joined_them():
    younger = resolve(links(("1", "email:a"), day=DAY - timedelta(days=1)), History(), DAY)
    both = pa.concat_tables(
        [links(("1", "email:a"), day=DAY - timedelta(days=1)), links(("2", "email:b"), day=DAY - timedelta(days=9))]
    )
    split = resolve(both, younger.history, DAY)
    old, young = who(split)["email:b"], who(split)["email:a"]
    joined = resolve(
        pa.concat_tables([both, links(("3", "email:a"), ("3", "email:b"))]), split.history, DAY + timedelta(days=1)
    )
    assert set(who(joined).values()) == {old}
    row = {"merged_person_id": young, "person_id": old, "merged_day": DAY + timedelta(days=1), "because": "record 3"}
    assert joined.merges.to_pylist() == [row | {"merged_into": old}]
    assert (joined.merged, joined.split) == (1, 0)


def test_whoever_was_merged_twice_leads_to_the_last_and_on_an_earlier_day_to_whom_it_was_then():
    ages = {"email:a": 1, "email:b": 5, "email:c": 9}  # days; c is the oldest, and so stays
    people = [links((i, i), day=DAY - timedelta(days=ages[i])) for i in ages]
    split = resolve(pa.concat_tables(people), History(), DAY)
    a, b, c = (who(split)[i] for i in ages)
    first, second = (links((f"{x}{y}", x), (f"{x}{y}", y)) for x, y in (("email:a", "email:b"), ("email:b", "email:c")))
    joined_once = resolve(pa.concat_tables([*people, first]), split.history, DAY + timedelta(days=1))
    twice = resolve(pa.concat_tables([*people, first, second]), joined_once.history, DAY + timedelta(days=2))
    leads = [(r["merged_person_id"], r["person_id"], r["merged_into"]) for r in twice.merges.to_pylist()]
    assert leads == [(a, c, b), (b, c, c)]
    replayed = resolve(pa.concat_tables([*people, first]), twice.history, DAY + timedelta(days=1))
    assert replayed.merges.to_pylist() == joined_once.merges.to_pylist()
    forward = resolve(pa.concat_tables([*people, first, second]), replayed.history, DAY + timedelta(days=2))
    assert forward.merges.to_pylist() == twice.merges.to_pylist()


def test_a_split_leaves_the_id_with_its_founder_and_gives_the_others_one_never_seen():
    one_person = resolve(links(("1", "email:a"), ("1", "email:b"), ("2", "email:b")), History(), DAY)
    person = one_person.people["person_id"][0].as_py()
    founder = who(resolve(links(("1", "email:a")), History(), DAY))["email:a"] == person
    split = resolve(links(("1", "email:a"), ("2", "email:b")), one_person.history, DAY + timedelta(days=1))
    survivor, other = ("email:a", "email:b") if founder else ("email:b", "email:a")
    assert who(split)[survivor] == person
    assert who(split)[other] != person
    assert split.split == 1


def test_an_id_merged_away_never_comes_back_even_when_its_founder_stands_alone_again():
    unlinked = links(("1", "email:a"), ("2", "email:b"))
    first = resolve(unlinked, History(), DAY)
    joined = resolve(
        pa.concat_tables([unlinked, links(("3", "email:a"), ("3", "email:b"))]), first.history, DAY + timedelta(days=1)
    )
    third = resolve(unlinked, joined.history, DAY + timedelta(days=2))
    assert set(who(third).values()) & set(joined.merges["merged_person_id"].to_pylist()) == set()
    assert third.people.num_rows == 2


def test_when_the_founder_is_gone_the_part_with_most_records_keeps_the_id():
    start = links(("1", "email:first"), day=DAY - timedelta(days=9))
    rest = links(("1", "email:b"), ("1", "email:c"), ("2", "email:c"), ("3", "email:c"))
    before = resolve(pa.concat_tables([start, rest]), History(), DAY)
    person = before.people["person_id"][0].as_py()
    after = resolve(
        links(("1", "email:b"), ("2", "email:c"), ("3", "email:c")), before.history, DAY + timedelta(days=1)
    )
    assert who(after)["email:c"] == person


def test_a_past_day_recomputed_is_what_it_was_and_so_is_the_day_after():
    unlinked = links(("1", "email:a"), ("2", "email:b"))
    linked = pa.concat_tables([unlinked, links(("3", "email:a"), ("3", "email:b"))])
    first = resolve(unlinked, History(), DAY)
    second = resolve(linked, first.history, DAY + timedelta(days=1))
    replayed = resolve(unlinked, second.history, DAY)
    assert who(replayed) == who(first)
    assert replayed.merges.num_rows == 0
    forward = resolve(linked, replayed.history, DAY + timedelta(days=1))
    assert (who(forward), forward.merges.to_pylist()) == (who(second), second.merges.to_pylist())


def test_people_who_were_forgotten_leave_their_id_taken():
    first = resolve(links(("1", "email:a")), History(), DAY)
    emptied = resolve(links(), first.history, DAY + timedelta(days=1))
    assert emptied.people.num_rows == 0
    assert emptied.issued == first.issued


def test_no_records_at_all_give_empty_tables_and_no_crash():
    resolution = resolve(links(), History(), DAY)
    assert (
        resolution.records,
        resolution.merged,
        resolution.split,
        resolution.people.num_rows,
        resolution.links.num_rows,
    ) == (0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    "text", ["email:", "email:\u0000", "email:" + "é" * 5000, "email:' or 1=1 --", "email:\U0001f600"]
)
def test_hostile_texts_are_only_texts(text: str):
    assert who(resolve(links(("1", text), ("2", "email:b")), History(), DAY)).keys() == {text, "email:b"}


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
    past, merged_away, survivors = History(), set[str](), dict[str, set[str]]()
    for night, rows in enumerate(history):
        resolution = resolve(links(*rows), past, DAY + timedelta(days=night))
        assert groups(resolution) == brute_force(rows)
        merged_away |= set(resolution.merges["merged_person_id"].to_pylist())
        assert not merged_away & set(who(resolution).values()), "a merged id is worn again"
        of_record = zip(*(resolution.record_people[n].to_pylist() for n in ("record_id", "person_id")), strict=True)
        worn = [*who(resolution).items(), *((f"record {r}", p) for r, p in of_record)]
        for identifier, person in worn:
            members = {i for i, p in worn if p == person}
            assert not survivors.get(person) or survivors[person] & members, f"{identifier} wears an id of strangers"
        for identifier, person in worn:
            survivors.setdefault(person, set()).add(identifier)
        for row in resolution.merges.to_pylist():
            age = {r["person_id"]: (r["first_seen_day"], r["person_id"]) for r in resolution.issued.to_pylist()}
            assert age[row["person_id"]] < age[row["merged_person_id"]], "the younger id was kept"
        ids = resolution.issued["person_id"].to_pylist()
        assert len(ids) == len(set(ids))
        past = resolution.history
    third = resolve(links(*rows), past, DAY + timedelta(days=night))
    assert third == resolution, "the same night twice changed something"


def test_records_are_rows_of_sources_and_what_other_rows_name_is_counted_as_identifiers_alone():
    seen = pa.table({
        "record_id": ["crm:1", "crm:1", "crm:2", "email:ann@example.com", "email:bob@example.com", "device:d1",
         "device:d1"],
        "identifier": [
            "email:ann@example.com", "id:crm:1", "id:crm:2", "email:ann@example.com", "email:bob@example.com",
            "device:d1", "email:bob@example.com",
        ],
        "kind": ["email", "id", "id", "email", "email", "device", "email"],
        "first_seen_day": [date(2026, 1, 1)] * 7,
    })  # fmt: skip
    found = resolve(seen, History(), date(2026, 1, 2))
    assert (found.records, found.people.num_rows, found.person_identifiers.num_rows) == (2, 3, 5)
    assert sorted(found.people["records"].to_pylist()) == [0, 1, 1], "Bob is named by a row of another kind only"
