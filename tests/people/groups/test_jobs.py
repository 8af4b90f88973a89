"""Households and accounts against a warehouse: with the people, in one transaction; the steward's word; why."""

from datetime import datetime, timedelta
from pathlib import Path
from shutil import copyfile
from typing import Any

import psycopg2
import pyarrow as pa
import pytest
from support.groups import DAY

from core.errors import ConfigError
from core.settings import Settings, load_settings
from core.warehouse import connect
from insight.groups import groups_of
from people import jobs
from people.groups import account_people, accounts, households
from people.groups.review import decide, waiting
from people.rewind import rewind
from people.schemas import OVERRIDES

ROOT = Path(__file__).resolve().parents[3]
HOME = {"street": "Hauptstr. 5", "postal_code": "12345", "last_name": "Müller"}
RECORDS: dict[str, dict[str, Any]] = {
    "ann": HOME | {"email": "ann@x.com"}, "bob": HOME | {"email": "bob@acme.com"},
    "cat": {"last_name": "Roe", "email": "cat@twin.com", "street": "Weg 1", "postal_code": "9"},
}  # fmt: skip
FIRMS = {"crm:1": ("Acme", "acme.com"), "crm:2": ("Twin A", "twin.com"), "crm:3": ("Other", "twin.com")}


@pytest.fixture(params=["duckdb", pytest.param("postgres", marks=pytest.mark.postgres)])
def project(tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    warehouse = {"engine": request.param}
    if request.param == "postgres":
        warehouse["url"] = request.getfixturevalue("postgres")
        with psycopg2.connect(warehouse["url"]) as database:  # which the tests of this file share
            database.cursor().execute(
                "drop schema if exists identity cascade; drop schema if exists intermediate cascade"
            )
    (tmp_path / "people").mkdir()
    for name in ("households.yml", "accounts.yml"):
        copyfile(ROOT / "people" / name, tmp_path / "people" / name)
    settings = load_settings(root=tmp_path, home=tmp_path / "home", warehouse=warehouse)
    land(settings, RECORDS, FIRMS)
    return settings


def land(settings: Settings, records: dict[str, dict[str, Any]], firms: dict[str, tuple[str, str]]) -> None:
    schema = pa.unify_schemas([households.RECORDS, account_people.RECORDS, pa.schema({"first_name": pa.string()})])
    rows = [row | {"record_id": name, "first_name": name} for name, row in records.items()]
    companies = [{"account_key": k, "_source": "crm", "name": n, "domain": d} for k, (n, d) in firms.items()]
    source = pa.schema([f.with_name("_source") if f.name == "source" else f for f in accounts.ROWS])
    held = {"record_id": [*records], "identifier": [f"id:s:{r}" for r in records], "kind": ["id"] * len(records),
            "first_seen_day": pa.array([DAY] * len(records), pa.date32())}  # fmt: skip
    with connect(settings, writer="intermediate") as db:
        db.load("intermediate.int_people__identifiers", pa.table(held), "replace")
        db.load("intermediate.int_people__unioned", pa.Table.from_pylist(rows, schema=schema), "replace")
        db.load("intermediate.int_accounts__unioned", pa.Table.from_pylist(companies, schema=source), "replace")


def rows(settings: Settings, sql: str) -> list[dict[str, Any]]:
    with connect(settings) as db:
        return db.query(sql).to_pylist()


def homes(settings: Settings) -> dict[str, str]:
    sql = """select record_id, household_id from identity.record_people inner join identity.household_people
        using (person_id)"""
    return {row["record_id"]: row["household_id"] for row in rows(settings, sql)}


def firms(settings: Settings) -> dict[str, str]:
    return {row["account_key"]: row["account_id"] for row in rows(settings, "select * from identity.account_keys")}


def test_a_night_puts_people_together_and_the_same_night_twice_changes_nothing(project: Settings, dump):
    night = jobs.resolve(project, DAY)
    assert {k: night[k] for k in ("households", "people_in_households", "accounts", "people_with_accounts")} == {
        "households": 2, "people_in_households": 3, "accounts": 3, "people_with_accounts": 1}  # fmt: skip
    assert night["account_doubts"] == 1
    home = homes(project)
    assert home["ann"] == home["bob"] != home["cat"]
    if project.warehouse.engine == "duckdb":
        names = [t.name for t in jobs.groups.GROUPS]
        before = [dump(project, name) for name in names]
        jobs.resolve(project, DAY)
        assert [dump(project, name) for name in names] == before
    jobs.resolve(project, DAY + timedelta(days=1))
    assert homes(project) == home
    assert {r["since_day"] for r in rows(project, "select since_day from identity.household_people")} == {DAY}


def test_a_night_without_the_crm_takes_no_account_id_away_and_a_rewind_takes_the_night_back(project: Settings):
    jobs.resolve(project, DAY)
    before = firms(project)
    land(project, RECORDS, {})
    night = jobs.resolve(project, DAY + timedelta(days=1))
    assert (night["accounts"], night["people_with_accounts"], firms(project)) == (0, 0, {})
    land(project, RECORDS, FIRMS)
    jobs.resolve(project, DAY + timedelta(days=2))
    assert firms(project) == before
    taken = {part["table"]: part["rows"] for part in rewind(project, DAY, apply=True)}
    assert taken["identity.group_stays"] == 3
    jobs.resolve(project, DAY + timedelta(days=2))
    assert firms(project) == before


def test_a_stewards_word_on_households_and_accounts_is_heeded_from_the_next_night_on(project: Settings):
    jobs.resolve(project, DAY)
    people = {r["record_id"]: r["person_id"] for r in rows(project, "select * from identity.record_people")}
    decide(project, "household", ("ann", people["cat"]), "same", "one letter box")
    decide(project, "household", ("ann", "bob"), "different", "moved out")
    decide(project, "account", ("crm:2", firms(project)["crm:3"]), "same", "one house")
    decide(project, "account", ("crm:1", "ann"), "same", "her card says so")
    jobs.resolve(project, DAY + timedelta(days=1))
    home, firm = homes(project), firms(project)
    assert home["ann"] == home["cat"] != home["bob"] and firm["crm:2"] == firm["crm:3"]
    links = {r["person_id"]: r for r in rows(project, "select * from identity.account_people")}
    assert links[people["ann"]]["linked_by"] == "steward"
    assert links[people["cat"]]["account_id"] == firm["crm:2"], "the domain is one account's now"
    assert len(rows(project, "select * from identity.group_merges")) == 2
    decide(project, "account", ("crm:3", "crm:2"), "undone", "wrong file")
    jobs.resolve(project, DAY + timedelta(days=2))
    assert firms(project)["crm:2"] != firms(project)["crm:3"]
    for kind, pair, text in (("household", ("ann", "nobody"), "No record and no person nobody"),
                             ("account", ("ann", "bob"), "Neither ann nor bob is an account"),
                             ("account", ("crm:1", "crm:1"), "are one and the same")):  # fmt: skip
        with pytest.raises(ConfigError, match=text):
            decide(project, kind, pair, "same", "why")
    with pytest.raises(ConfigError, match="Say why"):
        decide(project, "account", ("crm:1", "crm:2"), "same", " ")


def test_an_address_and_a_name_that_a_steward_has_set_move_somebody_to_that_home(project: Settings):
    jobs.resolve(project, DAY)
    said = [("street", "Hauptstraße 5"), ("postal_code", "12345"), ("last_name", "Müller")]
    words = [{"override_id": f"w{n}", "record_id": "cat", "person_id": "p", "field": field, "value": value,
              "verdict": "set", "decided_at": datetime(2026, 1, 1)}
             for n, (field, value) in enumerate(said)]  # fmt: skip
    add_words(project, words)
    jobs.resolve(project, DAY + timedelta(days=1))
    home = homes(project)
    assert home["ann"] == home["bob"] == home["cat"]
    taken_back = words[0] | {
        "override_id": "w9",
        "verdict": "undone",
        "value": None,
        "decided_at": datetime(2026, 1, 2),
    }
    add_words(project, [taken_back])
    jobs.resolve(project, DAY + timedelta(days=2))
    assert homes(project)["cat"] != homes(project)["ann"] == homes(project)["bob"]


def add_words(settings: Settings, words: list[dict[str, Any]]) -> None:
    with connect(settings, writer="identity") as db:
        db.load("identity.overrides", pa.Table.from_pylist(words, schema=OVERRIDES), "append")


def test_what_waits_for_a_steward_and_why_somebody_is_where_they_are(project: Settings):
    jobs.resolve(project, DAY)
    found = waiting(project, 5)
    assert [(r["kind"], r["name"], r["people"]) for r in found["doubts"]] == [("ambiguous_domain", "twin.com", 1)]
    people = {r["record_id"]: r["person_id"] for r in rows(project, "select * from identity.record_people")}
    with connect(project) as db:
        groups = groups_of(db, people["bob"])
        assert groups_of(db, "p_nobody") == {"household": {}, "members": [], "stays": [], "account": {}}
    assert groups["household"]["because"] == "address and last_name" and len(groups["members"]) == 2
    assert (groups["account"]["name"], groups["account"]["evidence"]) == ("Acme", "acme.com")


def test_a_night_that_dies_while_it_writes_households_leaves_yesterdays_people(project: Settings, monkeypatch):
    jobs.resolve(project, DAY)
    before = rows(project, "select * from identity.people order by 1")
    land(project, RECORDS | {"dan": HOME}, FIRMS)
    monkeypatch.setattr("people.groups.tables.remember", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        jobs.resolve(project, DAY + timedelta(days=1))
    assert rows(project, "select * from identity.people order by 1") == before
