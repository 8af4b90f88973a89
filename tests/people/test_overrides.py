"""A steward's word goes with the record that it was said of: through merges, splits, and a record that goes away."""

from datetime import datetime, timedelta

import pytest
from support.golden_worlds import DAY, GoldenWorld

from core.errors import ConfigError
from people.golden.overrides import set_field, unset_field

ANN = {"person_id": "ann", "record_id": "shop:1", "first_name": "Ann", "birth_date": datetime(1980, 1, 1).date(),
       "updated_at": datetime(2026, 1, 1)}  # fmt: skip
ANNE = {"person_id": "ann", "record_id": "crm:1", "first_name": "Anne", "updated_at": datetime(2026, 6, 1)}
BOB = {"person_id": "bob", "record_id": "shop:2", "first_name": "Bob", "updated_at": datetime(2026, 5, 1)}
WHY = "one phone call"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return GoldenWorld(tmp_path_factory.mktemp("root"), tmp_path_factory.mktemp("home"), "default: newest\n")


def names(world, *people):
    return [world.person(person)["first_name"] for person in people]


def said(world):
    return world.rows("select * from identity.overrides order by decided_at, override_id")


def test_a_word_wins_over_every_record_and_follows_its_record(world):
    world.fill([ANN, ANNE, BOB])
    world.build()
    word = set_field(world.settings, "ann", "first_name=Anna", WHY, "Sue")
    assert (word["record_id"], word["decided_by"]) == ("crm:1", "Sue"), "it is said of the record that gave the value"
    set_field(world.settings, "ann", "birth_date=", WHY)
    words = said(world)
    world.fill([ANN, ANNE, BOB], overrides=words)
    world.build()
    assert names(world, "ann", "bob") == ["Anna", "Bob"]
    assert world.person("ann")["birth_date"] is None, "no value is right"
    rows = world.rows("select is_overridden from marts.profile_conflicts where person_id = 'ann'")
    assert rows == [{"is_overridden": True}]
    # split: who takes the record takes the word; merged into bob: he has it; the record goes away: it stays with ann
    split = [{**ANN}, {**ANNE, "person_id": "eve"}, BOB]
    world.fill(split, overrides=words)
    world.build()
    assert names(world, "ann", "eve", "bob") == ["Ann", "Anna", "Bob"]
    merges = [{"merged_person_id": "ann", "person_id": "bob"}]
    world.fill([{**ANN, "person_id": "bob"}, {**ANNE, "person_id": "bob"}, BOB], overrides=words, merges=merges)
    world.build()
    assert names(world, "bob") == ["Anna"]
    world.fill([ANN, BOB], overrides=words)
    world.build()
    assert names(world, "ann", "bob") == ["Anna", "Bob"]
    # everything of hers is erased: nobody else has it
    world.fill([BOB], overrides=words)
    world.build()
    assert names(world, "bob") == ["Bob"] and not world.rows("select * from intermediate.int_people__overrides")


def test_the_newest_word_counts_and_who_undoes_it_undoes_all_of_them(world):
    world.fill([ANN, ANNE, BOB])
    for name in ("Anna", "Annie"):
        set_field(world.settings, "crm:1", f"first_name={name}", WHY)
    unset_field(world.settings, "ann", "first_name", WHY)
    with pytest.raises(ConfigError, match="Nobody has set first_name"):
        unset_field(world.settings, "ann", "first_name", WHY)
    words = said(world)
    assert [word["verdict"] for word in words] == ["set", "set", "undone"]
    world.fill([ANN, ANNE, BOB], overrides=[*words[:2], {**words[2], "decided_at": words[0]["decided_at"]
                                                         - timedelta(days=1)}])  # fmt: skip
    world.build()
    assert names(world, "ann") == ["Annie"]
    world.fill([ANN, ANNE, BOB], overrides=words)
    world.build()
    assert names(world, "ann") == ["Anne"]


def test_nobody_sets_without_a_reason_what_cannot_be_or_what_is_somebody_elses(world):
    held = [{"person_id": "bob", "identifier": "email:bob@x.example", "kind": "email"}]
    world.fill([ANN, BOB], identifiers=held)
    world.rows("select 1")
    for assignment, reason, mend in (
        ("first_name=Anna", " ", "Say why"), ("email=nobody", WHY, "no email"), ("phone=12", WHY, "no phone"),
        ("loyalty_points=many", WHY, "Write a number"), ("lifecycle=customer", WHY, "No field lifecycle"),
        ("country=Atlantis", WHY, "as GB"), ("language=???", WHY, "as en-GB"), ("time_zone=+02:00", WHY, "as Europe"),
        ("birth_date=2084-05-17", WHY, "later than today"), ("birth_date=1084-05-17", WHY, "so long ago"),
        ("first_name=" + "x" * 501, WHY, "At most 500"), ("first_name=\u202e", WHY, "printable"),
    ):  # fmt: skip
        with pytest.raises(ConfigError, match=mend):
            set_field(world.settings, "ann", assignment, reason)
    assert said(world) == []


def test_a_word_that_is_taken_back_takes_back_none_that_was_said_of_another_record(world):
    """Bob's name is set; Ann's is set and taken back later; then they are found to be one: Bob's word still stands."""
    world.fill([ANN, BOB])
    set_field(world.settings, "bob", "first_name=Robert", WHY)
    set_field(world.settings, "ann", "first_name=Anna", WHY)
    unset_field(world.settings, "ann", "first_name", WHY)
    merges = [{"merged_person_id": "ann", "person_id": "bob"}]
    world.fill([{**ANN, "person_id": "bob"}, BOB], overrides=said(world), merges=merges)
    world.build()
    assert names(world, "bob") == ["Robert"]


def test_what_is_said_at_an_address_that_was_set_stays_theirs_when_the_word_is_taken_back(world):
    """A no at it goes on reaching them; once somebody else has it, only what was said until then."""
    world.fill([ANN, BOB])
    for value in ("first@x.example", "second@x.example"):
        set_field(world.settings, "ann", f"email={value}", WHY)
    set_field(world.settings, "bob", "phone=+44 20 7183 8750", WHY)
    unset_field(world.settings, "bob", "phone", WHY)
    taken = [{"person_id": "eve", "identifier": "phone:+442071838750", "kind": "phone",
              "first_seen_day": DAY + timedelta(days=1)}]  # fmt: skip
    world.fill([ANN, BOB], overrides=said(world), identifiers=taken)
    world.build_points()
    points = {(row["person_id"], row["identifier"]): row["until_day"] for row in world.points()}
    assert points["ann", "email:first@x.example"] is None and points["ann", "email:second@x.example"] is None
    assert (
        points["bob", "phone:+442071838750"] >= DAY + timedelta(days=1) and points["eve", "phone:+442071838750"] is None
    )


@pytest.mark.parametrize(
    ("assignment", "value"),
    [("country=Deutschland", "DE"), ("language=en_gb", "en-GB"), ("time_zone=europe/london", "Europe/London"),
     ("birth_date=2000-02-29", "2000-02-29"), ("country= ", None)],
)  # fmt: skip
def test_a_value_is_written_as_cleansing_writes_it(world, assignment, value):
    world.fill([ANN])
    assert set_field(world.settings, "ann", assignment, WHY)["value"] == value
