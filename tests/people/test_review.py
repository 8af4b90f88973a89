"""The steward's word: written once, heeded each night, taken back by another word; and what splits and merges leave."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pyarrow as pa
import pytest
from support.identity_tables import DAY, held, linked

from core.errors import ConfigError
from core.settings import Settings, load_settings
from core.warehouse import connect
from insight.why_two import why_two
from people import jobs
from people.golden.overrides import find_person
from people.review import decide, review
from people.rewind import rewind

NAMES = {"crm:ann": "Ann", "crm:bob": "Bob", "web:ann": "Ann", "web:?": None}


@pytest.fixture(params=["duckdb", pytest.param("postgres", marks=pytest.mark.postgres)])
def project(tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    warehouse = {"engine": request.param}
    if request.param == "postgres":
        warehouse["url"] = request.getfixturevalue("postgres")
        with psycopg2.connect(warehouse["url"]) as database:  # which the tests of this file share
            database.cursor().execute(
                "drop schema if exists identity cascade; drop schema if exists intermediate cascade"
            )
    settings = load_settings(root=tmp_path, home=tmp_path / "home", warehouse=warehouse)
    identifiers = held(("crm:ann", "email:smith@x", 9), ("crm:bob", "email:smith@x"), ("crm:ann", "id:crm:1"),
                       ("crm:bob", "id:crm:2"), ("web:ann", "email:smith@x"), ("web:?", "id:crm:2"),
                       ("web:?", "phone:1"), ("web:ann", "id:web:1"))  # fmt: skip
    fields = ("last_name", "birth_date", "email", "phone", "postal_code")
    records = [{"record_id": r, "first_name": n, **dict.fromkeys(fields)} for r, n in NAMES.items()]
    schema = pa.schema({name: pa.string() for name in ("record_id", "first_name", *fields)})
    schema = schema.set(schema.get_field_index("birth_date"), pa.field("birth_date", pa.date32()))
    with connect(settings, writer="intermediate") as db:
        db.load("intermediate.int_people__identifiers", identifiers, "create")
        db.load("intermediate.int_people__unioned", pa.Table.from_pylist(records, schema=schema), "create")
    return settings


def rows(settings: Settings, sql: str) -> list[dict[str, Any]]:
    with connect(settings) as db:
        return db.query(sql).to_pylist()


def people(settings: Settings) -> dict[str, str]:
    return {r["record_id"]: r["person_id"] for r in rows(settings, "select * from identity.record_people")}


def test_a_stewards_word_is_heeded_from_the_next_night_on_and_can_be_taken_back(project):
    assert jobs.resolve(project, DAY)["people"] == 2
    before = people(project)
    decide(project, ("crm:ann", before["crm:bob"]), "same", "told by phone")
    night = jobs.resolve(project, DAY + timedelta(days=1))
    assert (night["people"], night["merged"]) == (1, 1)
    assert rows(project, "select because from identity.merges")[0]["because"].startswith("a steward's word: records")
    decide(project, ("crm:bob", "crm:ann"), "undone", "another Ann")
    night = jobs.resolve(project, DAY + timedelta(days=2))
    assert (night["people"], night["split"]) == (2, 1)
    now = people(project)
    assert now["crm:ann"] == before["crm:ann"] and now["crm:bob"] != before["crm:bob"], "an id is never worn again"
    split = rows(project, "select * from identity.splits")
    assert [(r["split_from"], r["person_id"]) for r in split] == [(now["crm:ann"], now["crm:bob"])]
    decide(project, ("web:ann", "crm:ann"), "different", "mother and daughter")
    assert jobs.resolve(project, DAY + timedelta(days=3))["people"] == 3


def test_by_what_both_were_reached_stays_known_of_both_sides_of_a_split(project):
    jobs.resolve(project, DAY)
    decide(project, ("crm:ann", "crm:bob"), "same", "a guess")
    jobs.resolve(project, DAY)
    one = people(project)["crm:ann"]
    with connect(project, writer="intermediate") as db:
        points = {"person_id": [one, one], "identifier": ["email:info@x", "id:crm:1"],
                  "until_day": pa.array([DAY - timedelta(days=5), None], pa.date32())}  # fmt: skip
        db.load("intermediate.int_people__contact_points", pa.table(points), "create")
    decide(project, ("crm:ann", "crm:bob"), "undone", "wrong")
    split_day = DAY + timedelta(days=1)
    jobs.resolve(project, split_day)
    now = people(project)
    former = {
        (r["person_id"], r["identifier"]): r["until_day"]
        for r in rows(project, "select * from identity.former_identifiers")
    }
    for person in (now["crm:ann"], now["crm:bob"]):
        assert former[person, "email:info@x"] == DAY - timedelta(days=5)
        assert {former[person, i] for i in ("id:crm:1", "id:crm:2", "phone:1", "email:smith@x")} == {split_day}
    jobs.resolve(project, split_day)
    assert len(rows(project, "select * from identity.former_identifiers")) == len(former), "the same day twice"


def test_of_two_splits_of_one_person_on_one_day_both_keep_by_what_they_were_reached(project):
    """The second time she was reached by more; she too goes on being stopped by what was said there."""
    word = ("crm:ann", "crm:bob")
    jobs.resolve(project, DAY)
    for verdict in ("same", "undone", "same"):
        decide(project, word, verdict, "a guess")
        jobs.resolve(project, DAY)
    one = people(project)["crm:ann"]
    with connect(project, writer="intermediate") as db:
        points = {"person_id": [one], "identifier": ["email:new@x"], "until_day": pa.array([None], pa.date32())}
        db.load("intermediate.int_people__contact_points", pa.table(points), "create")
    decide(project, word, "undone", "wrong")
    jobs.resolve(project, DAY)
    sql = "select person_id from identity.former_identifiers where identifier = 'email:new@x'"
    assert {row["person_id"] for row in rows(project, sql)} == {people(project)[record] for record in word}


@pytest.mark.parametrize(
    ("pair", "reason", "message"),
    [
        (("crm:ann", "crm:bob"), " ", "Say why"),
        (("crm:ann", "crm:ann"), "x", "one record"),
        (("crm:ann", "nobody's"), "x", "No record and no person nobody's"),
        (("crm:ann", "' or 1=1 --"), "x", "No record and no person"),
    ],
)
def test_a_word_on_nobody_on_one_record_or_without_a_reason_is_refused(project, pair, reason, message):
    jobs.resolve(project, DAY)
    with pytest.raises(ConfigError, match=message):
        decide(project, pair, "same", reason)
    assert rows(project, "select * from identity.decisions") == []


def test_review_lists_what_was_kept_apart_with_both_records_and_no_more_once_it_is_decided(project):
    jobs.resolve(project, DAY)
    found = review(project, 5)
    assert [(p["identifier"], p["because"]) for p in found["pairs"]] == [("email:smith@x", "other names")]
    assert sorted(found["pairs"][0]["fields"]["first_name"]) == ["Ann", "Bob"]
    assert [row["records"] for row in found["largest"]] == [2, 2] and found["thinnest"] == []
    pair = found["pairs"][0]
    decide(project, (pair["record_a"], pair["record_b"]), "different", "checked")
    assert review(project, 5)["pairs"] == [] and review(project, 5)["decisions"][0]["reason"] == "checked"
    decide(project, (pair["record_a"], pair["record_b"]), "undone", "the other file")
    assert len(review(project, 5)["pairs"]) == 1, "in doubt again"


def test_an_address_of_several_people_names_none_of_them(project):
    jobs.resolve(project, DAY)
    with connect(project) as db:
        assert find_person(db, project, "crm:ann") == people(project)["crm:ann"]
        with pytest.raises(ConfigError, match="several people's"):
            find_person(db, project, "email:smith@x")


def test_why_of_two_says_what_they_share_what_keeps_them_apart_and_the_way_between_them(project):
    jobs.resolve(project, DAY)
    apart = why_two(project, "crm:ann", "crm:bob")
    assert not apart["is_one"] and apart["because"] == "Kept apart at email:smith@x: other names."
    assert [r["identifier"] for r in apart["shared"]] == ["email:smith@x"]
    one = why_two(project, "crm:bob", "web:?")
    assert one["is_one"] and one["path"] == ["crm:bob", "id:crm:2", "web:?"]
    strangers = why_two(project, "web:?", "web:ann")
    assert not strangers["is_one"] and strangers["shared"] == [] and strangers["vetoes"], "but their people do"
    decide(project, ("crm:ann", "crm:bob"), "same", "told by phone")
    jobs.resolve(project, DAY + timedelta(days=1))
    assert why_two(project, "crm:bob", "crm:ann")["because"] == "A steward has said so: told by phone."
    with pytest.raises(ConfigError, match="Nobody answers"):
        why_two(project, "crm:ann", "nobody")


def test_a_night_takes_probable_links_and_review_lists_those_too_weak_to_join(project):
    jobs.ensure(project)
    weak, strong = ("crm:ann", "web:?", 0.7, 1.2), ("web:?", "web:ann", 1.0, 6.6)
    with connect(project, writer="identity") as db:
        db.load("identity.probable_links", linked(weak, strong), "replace")
    jobs.resolve(project, DAY)
    assert people(project)["web:?"] == people(project)["web:ann"], "one contradiction does not outweigh a link"
    pairs = [pair for pair in review(project, 5)["pairs"] if "probability" in pair]
    assert [(p["record_a"], p["record_b"], p["because"]) for p in pairs] == [("crm:ann", "web:?", "a link of 0.700")]
    assert why_two(project, "crm:ann", "web:?")["links"][0]["probability"] == 0.7


def test_a_word_holds_whatever_a_model_that_is_trained_anew_says(project):
    jobs.ensure(project)
    link, other = ("web:?", "web:ann", 1.0, 6.6), ("crm:ann", "web:?", 1.0, 9.9)
    with connect(project, writer="identity") as db:
        db.load("identity.probable_links", linked(link), "replace")
    jobs.resolve(project, DAY)
    before = people(project)
    assert before["web:?"] == before["web:ann"]
    decide(project, ("web:?", "web:ann"), "different", "father and son")
    decide(project, ("crm:ann", "crm:bob"), "same", "told by phone")
    for night, links in enumerate(([link], [link, other], [], [link]), start=1):
        with connect(project, writer="identity") as db:
            db.load("identity.probable_links", linked(*links), "replace")
        jobs.resolve(project, DAY + timedelta(days=night))
        now = people(project)
        assert now["web:?"] != now["web:ann"] and now["crm:ann"] == now["crm:bob"], links
        moved = {(before[record], now[record]) for record in now if now[record] != before[record]}
        told = "select merged_person_id, person_id from identity.merges union select split_from, person_id"
        assert moved <= {tuple(row.values()) for row in rows(project, f"{told} from identity.splits")}, links


def test_a_rewind_to_before_the_first_night_leaves_nobody(project):
    jobs.resolve(project, DAY)
    rewind(project, DAY - timedelta(days=1), apply=True)
    tables = ("record_people", "person_identifiers", "issued", "past_holders", "merges")
    assert [rows(project, f"select count(*) as n from identity.{table}")[0]["n"] for table in tables] == [0] * 5
    before = jobs.resolve(project, DAY)
    assert before["people"] == 2
