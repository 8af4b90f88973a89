"""Cleaned values go into the records that profiles are made of; what a source said stays where it said it."""

import pytest
from support.house import House, at, foundation

from connectors.landing.respelt import ensure_respelt
from core.settings import load_settings
from core.warehouse import connect
from people.cleansing.jobs import cleanse

from .conftest import FIRST, SECOND

CREATED = at("2026-03-01 10:00")
COLUMNS = "record_id, first_name, last_name, country, postal_code, language, time_zone, time_zone_source, is_cleaned"


def land(house, day, *rows):
    for row in rows:
        house.land("sample_shop__customers", day, [{"created_at": CREATED, "updated_at": at(f"{day} 09:00")} | row])


@pytest.fixture(scope="module")
def dirty(new_house):
    house = new_house()
    land(house, FIRST,
         {"customer_id": "c1", "email": "ann@gmial.com", "first_name": "ANN", "last_name": "O'NEIL",
          "country": "United Kingdom", "postal_code": "ls14ap", "language": "en_GB"},
         {"customer_id": "c3", "email": "eve@acme.example", "first_name": "Eve", "country": "France",
          "postal_code": "69001"},
         {"customer_id": "c2", "email": "info@acme.com", "first_name": "test", "last_name": "test"})  # fmt: skip
    made = {"created_at": CREATED, "updated_at": CREATED}
    house.land("sample_shop__accounts", FIRST, [
        {"account_id": "a1", "name": "Acme", "domain": "acme.example", **made},
        {"account_id": "a2", "name": "One", "domain": "gmial.com", **made},
        {"account_id": "a3", "name": "Two", "domain": "gmial.com", **made}])  # fmt: skip
    house.resolve(FIRST)
    house.build(FIRST, select="+int_people__golden")
    return house


def records(house):
    return {row["record_id"]: row for row in house.rows(f"select {COLUMNS} from intermediate.int_people__cleaned")}


def test_a_profile_has_the_cleaned_values_and_raw_has_the_sources(dirty):
    row = records(dirty)["sample_shop:customer:c1"]
    assert {name: row[name] for name in row if name != "record_id"} == {
        "first_name": "Ann", "last_name": "O'Neil", "country": "GB", "postal_code": "LS1 4AP", "language": "en-GB",
        "time_zone": "Europe/London", "time_zone_source": "address", "is_cleaned": True}  # fmt: skip
    golden = dirty.rows("select first_name, last_name from intermediate.int_people__golden where email like 'ann%'")
    assert golden == [{"first_name": "Ann", "last_name": "O'Neil"}]
    assert dirty.one("select first_name from raw.sample_shop__customers where customer_id = 'c1'") == "ANN"


def test_placeholders_are_nobodys_name_and_suggestions_change_nothing(dirty):
    assert records(dirty)["sample_shop:customer:c2"]["first_name"] is None
    rows = dirty.rows("""select email, email_suggestion, is_role_address, is_disposable_address
        from intermediate.int_people__cleaned order by record_id""")
    assert [tuple(row.values()) for row in rows] == [
        ("ann@gmial.com", "ann@gmail.com", False, True), ("info@acme.com", None, True, False),
        ("eve@acme.example", None, False, False)]  # fmt: skip


def test_a_region_is_filled_by_the_postal_code_and_a_company_by_the_one_that_accounts_name(dirty):
    rows = dirty.rows("""select region, region_source, company, company_source
        from intermediate.int_people__cleaned order by record_id""")
    assert [tuple(row.values()) for row in rows] == [
        ("Yorkshire and the Humber", "postal_code", None, None), (None, None, None, None),
        ("Auvergne-Rhône-Alpes", "postal_code", "Acme", "email_domain")]  # fmt: skip


def test_what_changed_since_is_not_taken_for_cleaned_and_the_next_resolve_cleans_it(dirty):
    land(dirty, SECOND, {"customer_id": "c2", "email": "info@acme.com", "first_name": "BOB", "last_name": "SMITH"})
    dirty.build(SECOND, select="+int_people__cleaned")
    row = records(dirty)["sample_shop:customer:c2"]
    assert (row["first_name"], row["is_cleaned"]) == ("BOB", False)
    assert cleanse(dirty.settings, SECOND)["cleansed"]["records"] == 3
    dirty.build(SECOND, select="int_people__cleaned")
    row = records(dirty)["sample_shop:customer:c2"]
    assert (row["first_name"], row["last_name"], row["is_cleaned"]) == ("Bob", "Smith", True)


def test_cleansing_twice_gives_the_same_rows(dirty):
    tables = ("identity.cleaned_records", "identity.cleansing_findings")
    before = [sorted(map(str, dirty.rows(f"select * from {table}"))) for table in tables]
    cleanse(dirty.settings, SECOND)
    assert [sorted(map(str, dirty.rows(f"select * from {table}"))) for table in tables] == before and all(before)


def test_a_source_that_enriches_never_outranks_what_somebody_said(tmp_path_factory):
    root = foundation(tmp_path_factory.mktemp("enriching"))
    (root / "connectors" / "sources").mkdir(parents=True, exist_ok=True)
    (root / "connectors" / "sources" / "segment_events.yml").write_text("enrichment: {lawful_basis: contract}\n")
    house = House(load_settings(root=root, home=tmp_path_factory.mktemp("home")))
    house.empty()
    land(house, FIRST, {"customer_id": "c1", "email": "ann@acme.com", "first_name": "Ann"})
    event = {"type": "identify", "received_at": at("2026-11-20 10:00"), "occurred_at": at("2026-11-20 08:00")}
    house.land("segment_events__events", FIRST, [
        {**event, "message_id": "m1", "user_id": "c1", "traits_email": "newer@acme.com"}])  # fmt: skip
    house.resolve(FIRST)
    house.build(FIRST, select="+int_people__golden")
    rows = house.rows("select is_enriched, email from intermediate.int_people__cleaned order by 1")
    assert [tuple(row.values()) for row in rows] == [(False, "ann@acme.com"), (True, "newer@acme.com")]
    assert house.rows("select email from intermediate.int_people__golden") == [{"email": "ann@acme.com"}]


def test_a_no_by_what_a_number_was_called_before_reaches_its_holder(new_house):
    house = new_house()
    land(house, FIRST, {"customer_id": "c1", "email": "ann@acme.com", "phone": "+492079460018"})
    with connect(house.settings, writer="raw") as db:
        ensure_respelt(db)
        db.execute("""insert into raw.respelt_identifiers (former, current_identifier)
            values ('phone:+442079460018', 'phone:+492079460018'), ('phone:+12079460018', 'phone:+442079460018')""")
    house.resolve(FIRST)
    house.build(FIRST, select="+int_people__contact_points")
    rows = house.rows("""select identifier, is_own, is_used from intermediate.int_people__contact_points
        where kind = 'phone' order by identifier""")
    assert [tuple(row.values()) for row in rows] == [
        ("phone:+12079460018", False, False), ("phone:+442079460018", False, False),
        ("phone:+492079460018", True, True)]  # fmt: skip
