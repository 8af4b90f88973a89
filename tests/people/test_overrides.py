"""A steward's word goes with the record that it was said of: through merges, splits, and a record that goes away."""

from datetime import datetime, timedelta

import pytest
from support.golden_worlds import GoldenWorld

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
        ("first_name=" + "x" * 501, WHY, "At most 500"), ("first_name=\u202e", WHY, "printable"),
    ):  # fmt: skip
        with pytest.raises(ConfigError, match=mend):
            set_field(world.settings, "ann", assignment, reason)
    assert said(world) == []
