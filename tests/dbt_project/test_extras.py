"""Columns and events of a company's own, from the source file to profiles and features; no file of ours is edited."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from support.house import ARROW, MECHANICS, House, at, with_features

from core.settings import load_settings
from core.warehouse import connect
from ml.spec import ModelSpec
from ml.tables import feature_columns

FIRST, SECOND = date(2026, 11, 1), date(2026, 11, 20)
SOURCE = """
description: A bazaar that knows more of an order than we do
tables:
  people:
    kind: files
    pattern: "people.csv"
    key: [id]
    columns: {id: text, mail: text, seats: integer, changed_at: timestamp}
  orders:
    kind: files
    pattern: "orders.csv"
    key: [id]
    columns:
      id: text
      buyer: text
      bought_at: timestamp
      total: number
      freight: number
      seller: text
      is_gift: boolean
      delivered: timestamp
      days_late: integer
  clicks:
    kind: files
    pattern: "clicks.csv"
    columns: {id: text, buyer: text, name: text, at_time: timestamp, screen: text}
extra:
  people:
    seats: {type: integer, class: ordinary, from: seats, meaning: Seats they pay for}
    mood: {type: text, class: personal, meaning: What the shopkeeper noted}
  orders:
    freight_value:
      type: money
      class: ordinary
      from: freight
      meaning: What shipping cost
      aggregate: [sum, last, first, {how: share, min: 10, as: dear_freight_share}]
    seller: {type: text, class: ordinary, from: seller, meaning: "Who sold it, O'Neil or another",
             aggregate: [last, {how: count, values: [O'Neil, Smith], days: 30, as: known_seller_30d}]}
    is_gift: {type: boolean, class: personal, from: is_gift, meaning: Bought for another, aggregate: [share, last]}
    delivered_at: {type: timestamp, class: ordinary, from: delivered, meaning: When it came, aggregate: [max]}
    days_late:
      type: integer
      class: ordinary
      from: days_late
      known_at: delivered_at
      meaning: Days after the day that was promised
      aggregate: [max, mean, {how: share, min: 1, as: late_share}]
  events:
    screen: {type: text, class: ordinary, from: screen, meaning: Where they were, aggregate: [last]}
events:
  delivery_late: {count: [7, 30], meaning: A parcel came after its day}
"""
STAGING = {
    "people": """select {{ native_key('bazaar', 'id') }} as record_id, {{ id_ref('bazaar', 'id') }} as person_ref,
        mail as email, changed_at as updated_at, {{ extra_columns('bazaar', 'people') }} 'calm' as mood, _source, _day
        from ({{ newest_version(source('raw', 'bazaar__people'), ['id'], 'changed_at') }}) as arrived""",
    "orders": """select {{ native_key('bazaar', 'id') }} as order_key, {{ id_ref('bazaar', 'buyer') }} as person_ref,
        bought_at as ordered_at, 'web' as channel, 'completed' as status, false as is_return, 'EUR' as currency,
        {{ money('total') }} as revenue, {{ extra_columns('bazaar', 'orders') }} _source, _day
        from ({{ newest_version(source('raw', 'bazaar__orders'), ['id']) }}) as arrived""",
    "events": """select {{ native_key('bazaar', 'id') }} as event_key, {{ id_ref('bazaar', 'buyer') }} as person_ref,
        at_time as occurred_at, name as event, {{ extra_columns('bazaar', 'events') }} _source, _day
        from {{ source('raw', 'bazaar__clicks') }} where _day <= {{ day() }}""",
}
TYPES = {
    "people": {"id": "text", "mail": "text", "seats": "integer", "changed_at": "timestamp"},
    "orders": {"id": "text", "buyer": "text", "bought_at": "timestamp", "total": "number", "freight": "number",
               "seller": "text", "is_gift": "boolean", "delivered": "timestamp", "days_late": "integer"},
    "clicks": {"id": "text", "buyer": "text", "name": "text", "at_time": "timestamp", "screen": "text"},
}  # fmt: skip
Make = Callable[..., House]


def make_bazaar(root: Path) -> Path:
    """The foundation with its features, and one more source: its file and its staging, nothing of ours edited."""
    with_features(root)
    path = root / "connectors/sources/bazaar.yml"
    path.parent.mkdir(parents=True)
    path.write_text(SOURCE.lstrip())
    folder = root / "dbt_project/models/staging/bazaar"
    folder.mkdir()
    for entity, sql in STAGING.items():
        (folder / f"stg_bazaar__{entity}.sql").write_text(sql + "\n")
    tables = "".join(f"\n      - name: bazaar__{table}" for table in TYPES)
    (folder / "_bazaar.yml").write_text(f"sources:\n  - name: raw\n    schema: raw\n    tables:{tables}\n")
    return root


def land(house: House, table: str, day: date, rows: list[dict[str, Any]]) -> None:
    schema = pa.schema([*(pa.field(n, ARROW[t]) for n, t in TYPES[table].items()), *MECHANICS])
    filled = []
    for row in rows:
        house.lines += 1
        mechanics = {"_source": "bazaar", "_origin": "f", "_line": house.lines, "_row_key": f"{table}{house.lines}",
                     "_day": day, "_pulled_at": datetime(2026, 1, 1, second=house.lines)}  # fmt: skip
        filled.append(row | mechanics)
    with connect(house.settings, writer="raw") as db:
        db.load(
            f"raw.bazaar__{table}", pa.Table.from_pylist(filled, schema=schema), mode="create" if not rows else "append"
        )


def order(key: str, buyer: str, bought: str, freight: float | None, **more: Any) -> dict[str, Any]:
    return {"id": key, "buyer": buyer, "bought_at": at(f"{bought} 12:00"), "total": 50.0, "freight": freight, **more}


def open_bazaar(house: House) -> None:
    """Two nights: Ann pays for 2 seats, then 5; her parcel of October comes late in November; Bob buys once."""
    house.empty()
    for table in TYPES:
        land(house, table, FIRST, [])
    land(house, "people", FIRST, [
        {"id": "ann", "mail": "ann@example.com", "seats": 2, "changed_at": at("2026-10-01 08:00")},
        {"id": "bob", "mail": "bob@example.com", "changed_at": at("2026-10-01 08:00")},
    ])  # fmt: skip
    land(house, "orders", FIRST, [
        order("1", "ann", "2026-09-10", 4.25, seller=" O'Neil ", is_gift=True, delivered=at("2026-09-12 09:00"),
         days_late=0),
        order("2", "ann", "2026-10-25", 12.5, seller="Smith", is_gift=False),
        order("3", "bob", "2026-10-30", None),
    ])  # fmt: skip
    house.resolve(FIRST)
    house.build(FIRST, "before-scores")
    land(
        house,
        "people",
        SECOND,
        [{"id": "ann", "mail": "ann@example.com", "seats": 5, "changed_at": at("2026-11-15 08:00")}],
    )
    land(house, "orders", SECOND, [
        order("2", "ann", "2026-10-25", 12.5, seller="Smith", is_gift=False, delivered=at("2026-11-10 09:00"),
         days_late=6),
        order("4", "ann", "2026-11-18", 3.0, seller="Other"),
    ])  # fmt: skip
    click = {"buyer": "ann", "name": "delivery_late", "screen": None}
    land(house, "clicks", SECOND, [
        {**click, "id": "c1", "at_time": at("2026-11-10 09:00")}, {**click, "id": "c2",
         "at_time": at("2026-11-18 09:00")},
        {**click, "id": "c3", "name": "page_viewed", "screen": "home", "at_time": at("2026-11-19 09:00")},
    ])  # fmt: skip
    house.resolve(SECOND)
    house.build(SECOND, "before-scores")
    house.build(SECOND, "after-scores")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bazaar(tmp_path_factory.mktemp("bazaar"))


@pytest.fixture(scope="module")
def new_bazaar(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Make:
    def make(**given: Any) -> House:
        return House(load_settings(root=project, home=tmp_path_factory.mktemp("home"), **given))

    return make


@pytest.fixture(scope="module")
def bazaar(new_bazaar: Make) -> House:
    house = new_bazaar()
    open_bazaar(house)
    return house


@pytest.fixture(scope="module", params=["duckdb", pytest.param("postgres", marks=pytest.mark.postgres)])
def either(request: pytest.FixtureRequest, new_bazaar: Make) -> House:
    """The same on both engines."""
    if request.param == "duckdb":
        return request.getfixturevalue("bazaar")
    house = new_bazaar(warehouse={"engine": "postgres", "url": request.getfixturevalue("postgres")})
    open_bazaar(house)
    return house


def row_of(house: House, table: str, person: str, where: str = "1 = 1") -> dict[str, Any]:
    found = house.rows(f"select * from {table} where person_id = '{house.person(f'id:bazaar:{person}')}' and {where}")
    assert len(found) == 1
    return found[0]


def test_an_extra_column_stands_in_its_mart_with_its_type_and_nowhere_else_anything(either):
    rows = {r["order_key"]: r for r in either.rows("select * from marts.orders")}
    first = rows["bazaar:1"]
    assert (first["freight_value"], first["seller"], first["is_gift"]) == (Decimal("4.25"), "O'Neil", True)
    assert first["delivered_at"] == at("2026-09-12 09:00") and first["days_late"] == 0
    assert either.one("select screen from marts.events where event_key = 'bazaar:c3'") == "home"


def test_a_person_has_each_aggregate_as_of_the_day(either):
    ann, bob = (row_of(either, "marts.profiles", p) for p in ("ann", "bob"))
    assert (ann["sum_freight_value"], ann["last_freight_value"], ann["first_freight_value"]) == (
        Decimal("19.75"), Decimal("3.00"), Decimal("4.25"),
    )  # fmt: skip
    assert ann["dear_freight_share"] == pytest.approx(1 / 3)
    assert (ann["last_seller"], ann["known_seller_30d"], ann["share_is_gift"], ann["last_is_gift"]) == (
        "Other",
        1,
        0.5,
        False,
    )
    assert (ann["max_delivered_at"], ann["max_days_late"], ann["mean_days_late"]) == (at("2026-11-10 09:00"), 6, 3.0)
    assert (ann["late_share"], ann["last_screen"], ann["seats"], ann["mood"]) == (0.5, "home", 5, "calm")
    assert (ann["delivery_late_7d"], ann["delivery_late_30d"]) == (1, 2)
    assert (bob["sum_freight_value"], bob["known_seller_30d"], bob["delivery_late_30d"], bob["seats"]) == (
        None,
        0,
        0,
        None,
    )


def test_a_feature_of_a_past_day_knows_nothing_that_came_later(either):
    """The delay of October's parcel was known in November alone, and so was the fifth seat."""
    then = row_of(either, "marts.features__person", "ann", f"as_of_day = cast('{FIRST}' as date)")
    now = row_of(either, "marts.features__person", "ann", f"as_of_day = cast('{SECOND}' as date)")
    assert (then["max_days_late"], then["late_share"], then["sum_freight_value"]) == (0.0, 0.0, 16.75)
    assert (now["max_days_late"], now["late_share"], now["sum_freight_value"]) == (6.0, 0.5, 19.75)
    assert (then["seats"], now["seats"]) == (2.0, 5.0)
    assert (then["delivery_late_30d"], now["delivery_late_30d"]) == (0.0, 2.0)


def test_a_model_learns_from_it_by_its_name(bazaar):
    spec = ModelSpec(
        name="bad_review", question="q", owner="o", task="binary", label="labels__churn_90d", horizon_days=90,
        features={"columns": ["late_share", "seats", "delivery_late_30d"]}, baseline={"rank_by": ["-late_share"]},
        decision_effect="d", promote_if={},
    )  # fmt: skip
    with connect(bazaar.settings) as db:
        names, types = feature_columns(db, spec, "models/bad_review.yml")
    assert set(names) == {"late_share", "seats", "delivery_late_30d"} and set(map(types.get, names)) == {"double"}


def test_what_says_something_of_a_human_and_what_is_no_number_is_no_feature(either):
    columns = set(either.rows("select * from marts.features__person limit 1")[0])
    assert {"sum_freight_value", "late_share", "seats", "delivery_late_7d"} <= columns
    assert not columns & {"share_is_gift", "last_is_gift", "last_seller", "max_delivered_at", "mood", "last_screen"}


def test_every_column_says_what_it_means_and_whether_it_is_personal(either):
    rows = {(r["table_name"], r["column_name"]): r for r in either.rows("select * from marts.extra_columns")}
    seller = rows["marts.orders", "seller"]
    assert (seller["meaning"], seller["data_class"]) == ("Who sold it, O'Neil or another", "behavioural")
    assert rows["marts.profiles", "mood"]["data_class"] == "sensitive"
    assert rows["marts.profiles", "share_is_gift"]["data_class"] == "sensitive"
    assert (
        rows["marts.features__person", "delivery_late_7d"]["meaning"]
        == "A parcel came after its day (count, last 7 days)"
    )
    assert ("marts.features__person", "mood") not in rows
