"""Several humans at one address or number: names and birth dates keep them apart, and what cannot be told is told."""

from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from support.identity_tables import decided, groups, held, linked, named

from people.evidence import Evidence
from people.resolve import resolve
from people.schemas import History, Rules
from people.traits import agreement, read_traits

DAY = date(2026, 3, 1)


def together(*parts: str) -> set[frozenset[str]]:
    return {frozenset(part.split()) for part in parts}


FAMILY = held(("ann", "email:smith"), ("bob", "email:smith"), ("ann", "id:s:1"), ("bob", "id:s:2"))


@pytest.mark.parametrize(
    ("one", "other", "are_one"),
    [
        (("Ann", "Smith", None), ("Bob", "Smith", None), False),
        (("Ann", "Smith", None), ("ANNA", "Smith", None), True),
        (("Robert", "Smith", None), ("Bob", "Smith", None), True),
        (("Bill", "Smith", None), ("Will", "Smith", None), True),
        (("A.", "Smith", None), ("Ann", "Smith", None), True),
        (("Trish", "Smith", None), ("P.", "Smith", None), True),
        (("W", "Smith", None), ("Bill", "Smith", None), True),
        (("Trish", "Smith", None), ("K.", "Smith", None), False),
        (("Ann", "Smith", None), ("Smith", "Ann", None), True),
        (("Ann", "Smith", None), ("Ann", "Jones", None), True),  # who marries keeps the address
        (("Ann", "Smith", "1980-03-05"), ("Ann", "Smith", "1951-07-21"), False),  # mother and daughter
        (("Ann", "Smith", "1980-03-05"), ("Ann", "Smith", "1980-05-03"), True),
        (("Ann", "Smith", "1980-03-05"), ("Ann", "Smith", "1980-03-06"), True),
        (("Ann", "Smith", "1980-03-05"), ("Ann", "Smith", "1970-01-01"), True),  # a till's placeholder
        (("Ann", "Smith", "1980-03-05"), ("Bob", "Smith", "1980-03-05"), False),  # twins
        ((None, "Smith", None), (None, "Jones", None), False),
        ((None, None, None), ("Ann", "Smith", "1980-03-05"), True),
        (("", " ", None), ("Ann", "Smith", None), True),
        (("José-María", "Núñez", None), ("jose maria", "nunez", None), True),
        (("Ольга", "Иванова", None), ("ОЛЬГА", "Иванова", None), True),
        (("李", "伟", None), ("王", "芳", None), False),
        (("خديجة", "أحمد", None), ("Khadija", "Ahmed", None), True),
        (("خديجة", "أحمد", None), ("Tariq", "Ahmed", None), False),
        (("Дмитро", "Бойченко", None), ("Dmytro", "BOICHENKO", None), True),
    ],
)
def test_two_at_one_address_are_one_where_their_names_and_birth_dates_allow(one, other, are_one):
    found = resolve(FAMILY, History(), DAY, None, Evidence(named(("ann", *one), ("bob", *other))))
    assert groups(found) == (together("ann bob") if are_one else together("ann", "bob"))
    assert found.vetoes.num_rows == (0 if are_one else 1)


def test_an_id_joins_whatever_the_names_say():
    shared_card = pa.concat_tables([FAMILY, held(("ann", "id:card:7"), ("bob", "id:card:7"))])
    found = resolve(
        shared_card, History(), DAY, None, Evidence(named(("ann", "Ann", "S", None), ("bob", "Bob", "S", None)))
    )
    assert groups(found) == together("ann bob")


@pytest.mark.parametrize(("rule", "owner"), [("first", "ann"), ("last", "bob")])
def test_a_shared_address_has_one_owner_to_whom_goes_what_names_nothing_else(rule, owner):
    rows = held(("ann", "email:smith", 9), ("bob", "email:smith", 5), ("ann", "id:s:1"), ("bob", "id:s:2"),
                ("email:smith", "email:smith", 30))  # fmt: skip
    names = named(("ann", "Ann", "Smith", None), ("bob", "Bob", "Smith", None))
    found = resolve(rows, History(), DAY, Rules(shared_owner=rule), Evidence(names))
    person = {row["record_id"]: row["person_id"] for row in found.record_people.to_pylist()}
    whose = {row["identifier"]: row["person_id"] for row in found.person_identifiers.to_pylist()}
    assert whose["email:smith"] == person[owner] and set(person) == {"ann", "bob"}
    assert {(row["person_id"], row["is_owner"]) for row in found.shared.to_pylist()} == {
        (person["ann"], owner == "ann"), (person["bob"], owner == "bob")
    }  # fmt: skip
    assert found.people.num_rows == 2 and sorted(found.people["records"].to_pylist()) == [1, 1]


def test_a_record_without_a_name_joins_nobody_at_a_shared_address_unless_it_has_nothing_else():
    rows = held(("ann", "email:smith", 9), ("bob", "email:smith"), ("ann", "id:s:1"), ("bob", "id:s:2"),
                ("reader", "email:smith"), ("buyer", "email:smith"), ("buyer", "id:s:3"))  # fmt: skip
    names = named(("ann", "Ann", "Smith", None), ("bob", "Bob", "Smith", None))
    assert groups(resolve(rows, History(), DAY, None, Evidence(names))) == together("ann reader", "bob", "buyer")


def test_a_record_without_a_name_glues_no_two_that_differ():
    rows = held(("ann", "email:a"), ("bob", "phone:1"), ("till", "email:a"), ("till", "phone:1"))
    names = named(("ann", "Ann", "Smith", None), ("bob", "Bob", "Jones", None))
    found = resolve(rows, History(), DAY, None, Evidence(names))
    assert groups(found) == together("ann till", "bob"), "an e-mail says more than a number"
    assert found.vetoes.to_pylist()[0]["because"] == "other names"


def test_two_ids_of_which_a_person_has_one_part_what_they_hang_on_at_its_weakest_edge():
    rows = held(("a", "id:crm:1"), ("b", "id:crm:2"), ("a", "id:card:7"), ("b", "id:card:7"), ("c", "id:crm:2"))
    assert groups(resolve(rows, History(), DAY)) == together("a b c")
    assert groups(resolve(rows, History(), DAY, Rules(one_per_person=("crm",)))) == together("a", "b c")


def test_a_stewards_word_outranks_ids_names_and_links():
    names = named(("ann", "Ann", "Smith", None), ("bob", "Bob", "Smith", None))
    same = Evidence(names, decisions=decided(("bob", "ann", "same")))
    assert groups(resolve(FAMILY, History(), DAY, None, same)) == together("ann bob")
    card = pa.concat_tables([FAMILY, held(("ann", "id:card:7"), ("bob", "id:card:7"))])
    apart = Evidence(links=linked(("ann", "bob", 0.999, 12.0)), decisions=decided(("ann", "bob", "different")))
    found = resolve(card, History(), DAY, None, apart)
    assert groups(found) == together("ann", "bob")
    assert found.shared.num_rows == 4, "the card and the address are both's"
    undone = Evidence(names, decisions=decided(("ann", "bob", "same"), ("ann", "bob", "undone")))
    assert groups(resolve(FAMILY, History(), DAY, None, undone)) == together("ann", "bob")
    unknown = Evidence(decisions=decided(("ann", "who was deleted", "different"), ("ann", "ann", "different")))
    assert groups(resolve(FAMILY, History(), DAY, None, unknown)) == together("ann bob")


def test_a_probable_link_joins_from_its_threshold_and_not_against_two_contradictions():
    rows = held(("ann", "email:a"), ("bob", "email:b"))
    for probability, names, are_one in (
        (0.995, (), True), (0.9, (), False),
        (0.995, (("ann", "Ann", "Smith", None), ("bob", "Peggy", "Smith", None)), True),
        (0.995, (("ann", "Ann", "Smith", None), ("bob", "Zoe", "Jones", None)), False),
    ):  # fmt: skip
        evidence = Evidence(named(*names), linked(("ann", "bob", probability, 9.0)))
        found = groups(resolve(rows, History(), DAY, None, evidence))
        assert found == (together("ann bob") if are_one else together("ann", "bob")), (probability, names)


def test_an_identifier_over_its_cap_joins_again_only_well_below_it():
    limit = Rules({"phone": 10})
    rows = [(f"r{n}", "phone:1") for n in range(11)] + [(f"r{n}", f"email:{n}") for n in range(11)]
    crowded = resolve(held(*rows), History(), DAY, limit)
    assert crowded.people.num_rows == 11
    fewer = {n: resolve(held(*[r for r in rows if int(r[0][1:]) < n]), crowded.history, DAY, limit) for n in (9, 8)}
    assert [fewer[n].people.num_rows for n in (9, 8)] == [9, 1]
    assert fewer[9].ignored["since_day"].to_pylist() == [DAY]


def test_records_of_one_name_and_date_count_once_for_the_cap():
    rows = held(*[(f"r{n}", "email:a") for n in range(300)])
    names = named(*[(f"r{n}", "Ann", "Smith", "1980-03-05") for n in range(300)])
    assert resolve(rows, History(), DAY, None, Evidence(names)).people.num_rows == 1
    strangers = named(
        *[(f"r{n}", f"Ann{'abcdefghijklmnopqrstuvwxyz'[n % 26] * 3}{n}", f"S{n}", None) for n in range(300)]
    )
    found = resolve(rows, History(), DAY, None, Evidence(strangers))
    assert found.people.num_rows == 0 and found.ignored["records"].to_pylist() == [300]


def test_an_empty_world_a_lone_record_and_foreign_evidence_do_no_harm():
    evidence = Evidence(named(("?", "Ann", None, None)), linked(("?", "!", 1.0, 9.0)), decided(("?", "!", "same")))
    assert resolve(held(("a", "email:a")).slice(0, 0), History(), DAY, None, evidence).people.num_rows == 0
    assert groups(resolve(held(("a", "email:a")), History(), DAY, None, evidence)) == together("a")


def test_agreement_is_the_same_whichever_comes_first():
    rows = [("a", "Ann Marie", "O'Neil", "1980-03-05"), ("b", "marie", "oneil", None), ("c", "Bob", None, "1980-01-01"),
            ("d", None, "Bob", "1981-03-05")]  # fmt: skip
    traits = read_traits(named(*rows), pa.array([row[0] for row in rows]))
    place = traits.of_record
    one, other = np.repeat(place, 4), np.tile(place, 4)
    pd.testing.assert_frame_equal(agreement(traits, one, other), agreement(traits, other, one))
    assert agreement(traits, place[[0]], place[[1]]).to_numpy().tolist() == [[1, 2, 0]]
