"""The golden record: each rule decides as it says, ties always the same, and every value says where it comes from."""

from datetime import datetime

import pytest
from support.golden_worlds import DAY, GoldenWorld, arrived

OLD, NEW, NEWEST = datetime(2024, 1, 1), datetime(2026, 1, 1), datetime(2026, 6, 1)
RULES = """
trust: [crm, "*", fair]
verified: {birth_date: sure}
default: newest
groups:
  name: {columns: [first_name, last_name], rules: [most_complete, newest]}
  address: {columns: [street, city, postal_code, region, country], rules: newest, needs: [city, postal_code]}
fields:
  email: [verified_first, newest]
  gender: most_trusted_source
  language: {rules: most_trusted_source, max_age_days: 400}
  loyalty_tier: longest
  time_zone: most_frequent
  birth_date: [verified_first, newest]
  lead_source: most_complete
"""


def record(person: str, said_at: datetime | None = NEW, source: str = "shop", **fields: object) -> dict:
    return {"person_id": person, "updated_at": said_at, "_source": source, **fields}


RECORDS = [
    # names of two records are never mixed; the fuller one wins
    record("names", NEWEST, first_name="Бажена"), record("names", NEW, first_name="李", last_name="小龙"),
    # no address of two houses, and one that is no address comes last
    record("house", NEWEST, country="FR"), record("house", NEW, city="York", postal_code="YO1", country="GB"),
    record("house", OLD, city="Leeds", postal_code="LS1", street="1 High St", region="Yorks"),
    # trust: crm, whoever is not named, fair
    record("trust", NEWEST, "fair", gender="female"), record("trust", OLD, "crm", gender="male"),
    record("others", NEWEST, "fair", gender="female"), record("others", OLD, "shop", gender="male"),
    record("stale", OLD, "crm", language="fr"), record("stale", NEW, "fair", language="en"),
    record("length", NEWEST, loyalty_tier="gold"), record("length", OLD, loyalty_tier="golden"),
    record("often", NEWEST, time_zone="UTC"), record("often", NEW, time_zone="Europe/Rome"),
    record("often", OLD, time_zone="europe/rome "),
    record("flag", NEWEST, birth_date=datetime(1990, 1, 1).date()),
    record("flag", OLD, birth_date=datetime(1980, 1, 1).date(), sure=True),
    record("fuller", NEWEST, lead_source="web"), record("fuller", OLD, lead_source="fair", gender="f", city="York"),
    # addresses
    record("mail", NEWEST, email="new@x.example"), record("mail", OLD, email="old@x.example"),
    record("bounced", NEWEST, email="gone@x.example"), record("bounced", OLD, email="kept@x.example"),
    record("lone", NEWEST, email="dead@x.example"), record("again", NEWEST, email="back@x.example"),
    record("again", OLD, email="elder@x.example"),
    record("called", OLD, phone="+441"), record("called", NEWEST, phone="+442"),
    # two at one instant: customer, lead, contact; then always the same
    record("tie", lead_status="b", lifecycle="lead"), record("tie", lead_status="a", lifecycle="customer"),
    record("same", loyalty_card="L1", record_id="x1"), record("same", loyalty_card="L2", record_id="x2"),
    # a clock that is ahead is as good as the day on which the record came
    record("clock", datetime(2099, 1, 1), gender="female", _day=datetime(2025, 1, 1).date(), lead_status="ahead"),
    record("clock", NEW, lead_status="on time"), record("clock", None, lead_status="no time"),
    record("empty"), record("empty"), record("one", first_name="Ann", country="GB", loyalty_points=0),
]  # fmt: skip
MESSAGES = [
    arrived("old@x.example", "delivered", NEW), arrived("gone@x.example", "delivered", OLD),
    arrived("gone@x.example", "bounced", NEW, is_hard_bounce=True),
    arrived("dead@x.example", "bounced", NEW, is_hard_bounce=True),
    arrived("back@x.example", "bounced", OLD, is_hard_bounce=True), arrived("back@x.example", "opened", NEW),
    {**arrived("", "bounced", NEW, is_hard_bounce=True), "email": None, "phone": "+442", "channel": "sms"},
]  # fmt: skip
IDENTIFIERS = [
    {"person_id": "alone", "identifier": "email:only@consent.example", "kind": "email", "first_seen_day": DAY},
    {"person_id": "lone", "identifier": "email:dead@x.example", "kind": "email", "first_seen_day": DAY},
]


@pytest.fixture(scope="module", params=["duckdb", pytest.param("postgres", marks=pytest.mark.postgres)])
def world(tmp_path_factory, request):
    given = {}
    if request.param == "postgres":
        given = {"warehouse": {"engine": "postgres", "url": request.getfixturevalue("postgres")}}
    world = GoldenWorld(tmp_path_factory.mktemp("root"), tmp_path_factory.mktemp("home"), RULES, **given)
    world.fill(RECORDS, MESSAGES, identifiers=IDENTIFIERS)
    return world.build()


def test_each_rule_decides_as_it_says(world):
    found = {
        (person, field): world.person(person)[field]
        for person, field in (
            ("trust", "gender"), ("others", "gender"), ("stale", "language"), ("length", "loyalty_tier"),
            ("often", "time_zone"), ("fuller", "lead_source"), ("tie", "lead_status"), ("clock", "lead_status"),
        )
    }  # fmt: skip
    assert found == {
        ("trust", "gender"): "male", ("others", "gender"): "male", ("stale", "language"): "en",
        ("length", "loyalty_tier"): "golden", ("often", "time_zone"): "Europe/Rome", ("fuller", "lead_source"): "fair",
        ("tie", "lead_status"): "a", ("clock", "lead_status"): "on time",
    }  # fmt: skip
    assert str(world.person("flag")["birth_date"]) == "1980-01-01", "confirmed"


def test_fields_that_belong_together_come_from_one_record(world):
    names, house = world.person("names"), world.person("house")
    assert (names["first_name"], names["last_name"]) == ("李", "小龙")
    parts = ("street", "city", "postal_code", "region", "country")
    assert tuple(house[part] for part in parts) == (None, "York", "YO1", None, "GB")


def test_a_verified_address_wins_where_the_file_says_so_and_one_that_bounced_never(world):
    emails = {name: world.person(name)["email"] for name in ("mail", "bounced", "lone", "again", "alone")}
    assert emails == {
        "mail": "old@x.example", "bounced": "kept@x.example", "lone": "dead@x.example", "again": "back@x.example",
        "alone": "only@consent.example",
    }  # fmt: skip
    assert world.person("called")["phone"] == "+441", "the newer one bounced, whatever its rule"


def test_who_has_nothing_or_one_record_has_a_row_as_it_is(world):
    empty, one = world.person("empty"), world.person("one")
    assert not [v for k, v in empty.items() if v not in (None, False, "contact", "empty", DAY)]
    assert (one["first_name"], one["last_name"], one["country"], one["loyalty_points"]) == ("Ann", None, "GB", 0)
    assert world.provenance("empty") == {} and set(world.provenance("one")) == {
        "first_name",
        "country",
        "loyalty_points",
    }


def test_every_value_says_its_source_record_time_and_rule(world):
    gender = world.provenance("trust")["gender"]
    assert (gender["value"], gender["source"], gender["said_at"], gender["rule"]) == (
        "male", "crm", OLD, "most_trusted_source",
    )  # fmt: skip
    assert (gender["candidates"], gender["distinct_values"]) == (2, 2)
    assert world.provenance("one")["country"]["rule"] == "only value"
    assert world.provenance("often")["time_zone"]["distinct_values"] == 2, "case and blanks tell nothing apart"
    alone = world.provenance("alone")["email"]
    assert (alone["rule"], alone["source"], alone["record_id"]) == ("identifier", None, None)


def test_what_other_records_say_is_listed_by_field_and_source(world):
    rows = world.rows("select field, source, value, surviving_value from marts.profile_conflicts"
                      " where person_id = 'others'")  # fmt: skip
    assert rows == [{"field": "gender", "source": "fair", "value": "female", "surviving_value": "male"}]
    leeds = {r["field"] for r in world.rows("select field from marts.profile_conflicts where person_id = 'house'")}
    assert leeds == {"city", "postal_code", "country"}, "what the surviving record leaves open contradicts nothing"
    assert not world.rows("select * from marts.profile_conflicts where person_id in ('one', 'empty', 'alone')")


def test_the_same_record_wins_whatever_the_order_of_rows(world):
    before = world.person("same")["loyalty_card"]
    world.fill(RECORDS[::-1], MESSAGES, identifiers=IDENTIFIERS)
    world.build()
    assert world.person("same")["loyalty_card"] == before
