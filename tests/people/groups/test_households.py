"""Who is a household: what joins people at an address, and what does not."""

from datetime import date, datetime
from pathlib import Path

import pytest
from support.groups import NO_WORDS, OURS, living, sets, words

from core.errors import ConfigError
from core.settings import load_settings
from people.groups import households
from people.groups.spec import load_households

HOME = {"street": "Hauptstr. 5", "postal_code": "12345"}
BOTH = {frozenset({"a", "b"})}


def person(name: str, family: str | None = "Müller", **fields: object) -> dict[str, object]:
    return {"person_id": name, "last_name": family} | fields


@pytest.mark.parametrize(("one", "other"), [
    (HOME, {"street": "Hauptstraße 5", "postal_code": "D-12345"}),
    (HOME, {"street": "5, HAUPT STRASSE", "postal_code": " 12345 "}),
    ({"street": "12 High Street, Flat 2", "postal_code": "SW1A 1AA"},
     {"street": "Flat 2, 12 High St.", "postal_code": "sw1a1aa"}),
    ({"street": "Apt #4, 10 Main St", "postal_code": "10001-1234"},
     {"street": "10 Main Street Apt 4", "postal_code": "10001"}),
    ({"street": "Müllerweg 3, 2. OG", "city": "Köln"}, {"street": "Muellerweg 3 2 OG", "city": "koeln"}),
    ({"street": "улица Ленина 5, кв 7", "postal_code": "101000"},
     {"street": "ул. Ленина 5 кв. 7", "postal_code": "101000"}),
    ({"street": "12 a Kings Road", "postal_code": "1"}, {"street": "12A Kings Rd", "postal_code": "1"}),
])  # fmt: skip
def test_one_address_in_two_spellings_is_one_home(together, one, other):
    assert together(person("a", **one), person("b", "Mueller", **other)) == BOTH


@pytest.mark.parametrize(("one", "other"), [
    (HOME, HOME | {"street": "Hauptstr. 6"}),
    (HOME, HOME | {"postal_code": "12346"}),
    (HOME | {"street": "Hauptstr. 5, Whg 1"}, HOME | {"street": "Hauptstr. 5, Whg 2"}),
    (HOME, {"postal_code": "12345"}), ({}, {}), (HOME, HOME | {"is_business": True}),
])  # fmt: skip
def test_other_houses_flats_and_no_address_are_no_home_together(together, one, other):
    assert together(person("a", **one), person("b", **other)) == set()


@pytest.mark.parametrize(("one", "other", "are_one"), [
    ("Müller-Schmidt", "schmidt", True), ("van der Berg", "Berg", True), ("Nováková", "Novák", True),
    ("García López", "López Pérez", True), ("von Au", "von Ow", False), ("王", "王", True), (None, "Müller", False),
])  # fmt: skip
def test_family_names_that_share_a_word_are_one_family(together, one, other, are_one):
    assert bool(together(person("a", one, **HOME), person("b", other, **HOME))) is are_one


def test_a_slip_of_the_pen_in_a_name_or_a_street_parts_no_family(together):
    lindner = {"street": "Lindenstr. 5", "postal_code": "12345"}
    assert together(person("a", "Lindner", **HOME), person("b", "Lindmer", **HOME)) == BOTH
    assert together(person("a", **lindner), person("b", **lindner | {"street": "Lidnenstraße 5"})) == BOTH
    for other in ({"street": "Lidnenstr. 6"}, {"street": "Lidnenstr. 5", "postal_code": "12346"},
                  {"street": "Lidnenstr. 5 Whg 2"}, {"street": "Lidnenstr. 5", "last_name": "Roe"}):  # fmt: skip
        assert (
            together(person("a", **lindner | {"street": "Lindenstr. 5 Whg 1"}), person("b", **lindner | other)) == set()
        )
    assert together(person("a", "Roe", **HOME), person("b", "Poe", **HOME)) == set(), "a short name is another one"


def test_two_names_at_one_address_are_a_household_only_by_a_shared_telephone_or_email(together):
    rows = [
        person("a", "Roe", **HOME, phone="+491"),
        person("b", "Poe", **HOME, phone="+491"),
        person("c", "Moe", **HOME),
    ]
    assert together(*rows) == BOTH
    assert together(*[row | {"phone": None, "email": f"{row['person_id']}@x"} for row in rows]) == set()
    assert together(person("a", "Roe", **HOME, email="us@x"), person("b", "Poe", **HOME, email="US@x")) == BOTH


def test_who_has_no_address_joins_the_one_household_that_they_fit_and_no_second(together):
    rows = [person("a", **HOME, phone="+491"), person("b", phone="+491")]
    assert together(*rows) == BOTH
    assert together(*rows, person("c", street="Weg 1", postal_code="9", phone="+491")) == set(), "two fit"
    assert together(person("a", phone="+491"), person("b", phone="+491")) == BOTH
    assert together(person("a", "Roe", phone="+491"), person("b", "Poe", phone="+491")) == set()


def test_a_block_a_student_home_and_a_placeholder_are_no_household(together):
    others = [person(f"x{n}", f"Name{n}", **HOME) for n in range(20)]
    elsewhere = [person(f"y{n}", "Müller", street=f"Weg {n}", postal_code="7") for n in range(30)]
    elsewhere += [person(f"z{n}", f"Unique{n}", street=f"Gasse {n}", postal_code="7") for n in range(70)]
    pair = [person("a", **HOME), person("b", **HOME)]
    assert together(*pair, *elsewhere) == BOTH
    assert together(*pair, *others, *elsewhere) == set(), "a frequent name in a crowded house"
    rare = [person("a", "Featherstonehaugh", **HOME), person("b", "Featherstonehaugh", **HOME)]
    assert together(*rare, *others, *elsewhere) == BOTH
    assert together(*rare, *[person(f"w{n}", f"Other{n}", **HOME) for n in range(70)]) == set(), "an institution"
    assert together(*[person(f"t{n}", "Test", **HOME, phone="+49") for n in range(13)]) == set(), "too many for one"


def test_an_address_that_is_declared_to_be_nobodys_home_and_a_companys_join_nobody(together):
    shut = OURS.model_copy(update={"no_homes": ("Hauptstraße 5, 12345",)})
    assert together(person("a", **HOME), person("b", **HOME), spec=shut) == set()
    read = OURS.model_copy(update={"business_records": "read"})
    firm = [person(name, **HOME, is_business=True) for name in "ab"]
    assert together(*firm) == set() and together(*firm, spec=read) == BOTH


def test_who_has_moved_lives_where_their_newest_record_says(together):
    moved = [
        person("b", **HOME, updated_at=datetime(2026, 1, 1)),
        person("b", street="Weg 1", postal_code="9", updated_at=datetime(2026, 2, 1), record_id="r_new"),
    ]
    assert together(person("a", **HOME), moved[0]) == BOTH
    assert together(person("a", **HOME), *moved) == set()


def test_a_stewards_word_outranks_the_rules(together):
    apart = [person("a", **HOME), person("b", **HOME), person("c", "Roe", street="Weg 1", postal_code="9")]
    assert together(*apart, said=words(("a", "b", "different"))) == set()
    assert together(*apart, said=words(("b", "a", "different"))) == set(), "also where the first is the least"
    assert together(*apart, said=words(("a", "c", "same"))) == {frozenset("abc")}
    assert together(person("a", None), person("b", None), said=words(("a", "b", "same"))) == BOTH
    assert together(*apart, said=words(("a", "gone", "same"))) == BOTH, "of who is gone nothing follows"


def test_the_head_is_who_is_oldest_and_no_placeholder_is_an_age(bench):
    rows = living(person("a", **HOME, birth_date=date(1900, 1, 1), first_seen_day=date(2020, 1, 1)),
                  person("b", **HOME, birth_date=date(1960, 5, 1), first_seen_day=date(2021, 1, 1)),
                  person("c", **HOME, birth_date=date(1990, 5, 1), first_seen_day=date(2019, 1, 1)))  # fmt: skip
    for spec, head in ((OURS, "b"), (OURS.model_copy(update={"head": "first_seen"}), "c")):
        households.find(bench, spec, rows, NO_WORDS)
        found = households.heads(bench, spec)
        assert [r["person_id"] for r in found.to_pylist() if r["is_head"]] == [head]


def test_nobody_at_all_and_a_hundred_thousand_at_one_address_end_well(bench):
    assert households.find(bench, OURS, living(), NO_WORDS).num_rows == 0
    crowd = living(*[person(f"p{n}", "Müller", **HOME, phone="+49", email="x@x") for n in range(100_000)])
    found = households.find(bench, OURS, crowd, NO_WORDS)
    assert found.num_rows == 100_000 and len(sets(found)) == 100_000


def test_the_file_is_read_strictly_and_a_companys_own_stands_in_place_of_ours(tmp_path: Path):
    root, own = tmp_path / "project", tmp_path / "shop"
    for folder in (root / "people", own / "people"):
        folder.mkdir(parents=True)
    ours = (Path(__file__).parents[3] / "people/households.yml").read_text()
    (root / "people/households.yml").write_text(ours)
    settings = load_settings(root=root, home=tmp_path / "home", project={"folder": str(own)})
    assert load_households(settings).most_people == 12
    (own / "people/households.yml").write_text(ours.replace("most_people: 12", "most_people: 5"))
    assert load_households(settings).most_people == 5
    wrong = ours.replace("most_people: 12", "most: 5").replace("[address, phone]", "[address]").replace("oldest", "me")
    (own / "people/households.yml").write_text(wrong)
    with pytest.raises(ConfigError) as error:
        load_households(settings)
    lines = "\n".join(error.value.mistakes)
    assert "shop/people/households.yml:2: rules: Value error, a rule names two parts or more" in lines
    assert ":11: most:" in lines and "head: Input should be 'oldest' or 'first_seen'" in lines
