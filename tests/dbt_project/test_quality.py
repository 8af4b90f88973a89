"""What is measured of data each night, how its history is kept, and what raises an alarm."""

from datetime import timedelta

import pyarrow as pa
import pytest
from support.house import at

from core.warehouse import connect

from .conftest import FIRST, SECOND

CREATED = at("2026-03-01 10:00")
SHARES = (("phone", 0.9), ("email", 1.0), ("last_name", 0.96))
ALL = "+data_quality +quality_alarms"


def night(house):
    """A shop of sixty customers: half without a telephone number, one name in capitals, three that stand for nobody."""
    rows = [{"customer_id": f"c{n}", "email": f"ann{n}@acme.com",
             "first_name": "test" if n < 3 else f"Name{'abcdefgh'[n % 8]}",
             "last_name": "test" if n < 3 else "Smith", "phone": f"+4420718387{n:02d}" if n % 2 else None,
             "created_at": CREATED, "updated_at": at("2026-02-01 10:00") if n == 5 else CREATED}
            for n in range(60)]  # fmt: skip
    house.land("sample_shop__customers", FIRST, rows)
    order = {
        "currency": "GBP",
        "channel": "web",
        "ordered_at": at("2026-11-18 12:00"),
        "total": 5,
        "updated_at": CREATED,
    }
    house.land("sample_shop__orders", FIRST, [
        {**order, "order_id": "o1", "customer_id": "c1", "status": "completed"},
        {**order, "order_id": "o2", "customer_id": "nobody", "status": "strange"}])  # fmt: skip
    house.resolve(FIRST)
    house.build(FIRST, select=ALL)
    return house


@pytest.fixture(scope="module")
def measured(new_house):
    return night(new_house())


def value(house, entity, field, measure, day=FIRST):
    rows = house.rows(f"""select value from marts.data_quality where day = date '{day}' and source = 'sample_shop'
        and entity = '{entity}' and field = '{field}' and measure = '{measure}'""")
    return round(rows[0]["value"], 4) if rows else None


def test_each_measure_says_which_share_passes(measured):
    assert value(measured, "people", "phone", "completeness") == 0.5
    assert value(measured, "people", "first_name", "completeness") == 0.95, "a placeholder is no name"
    assert value(measured, "people", "first_name", "validity") == 0.95
    assert value(measured, "people", "email", "uniqueness") == 1
    assert value(measured, "people", "updated_at", "consistency") == round(59 / 60, 4)
    assert value(measured, "people", "*", "staleness") == 0
    assert value(measured, "orders", "order_key", "completeness") == 1
    assert value(measured, "orders", "*", "timeliness") == 1
    assert value(measured, "raw", "customers.email", "validity") == 1
    assert value(measured, "deals", "deal_key", "completeness") is None, "of no row nothing is said"


def test_a_second_build_of_the_day_replaces_it_and_a_later_one_keeps_it(measured):
    before = measured.rows("select * from marts.data_quality order by source, entity, field, measure")
    measured.build(FIRST, select="data_quality quality_alarms")
    assert measured.rows("select * from marts.data_quality order by source, entity, field, measure") == before
    measured.build(SECOND, select=ALL)
    days = measured.rows("select day, count(*) as n from marts.data_quality group by day order by day")
    assert [row["day"] for row in days] == [FIRST, SECOND] and days[0]["n"] == len(before)
    assert value(measured, "people", "*", "staleness", SECOND) == 1


def test_a_fall_against_its_own_past_is_an_alarm_and_a_value_as_ever_is_none(measured):
    past = [{"day": FIRST - timedelta(days=n), "source": "sample_shop", "entity": "people", "field": field,
             "measure": "completeness", "judged": 60, "value": share}
            for n in range(1, 12) for field, share in SHARES]  # fmt: skip
    with connect(measured.settings, writer="marts") as db:
        schema = pa.schema(db.query("select * from marts.data_quality limit 0").schema)
        db.load("marts.data_quality", pa.Table.from_pylist(past, schema=schema))
    measured.build(FIRST, select="data_quality quality_alarms")
    alarms = measured.rows("select field, rule, round(value, 2) as value, round(expected, 2) as expected"
                           " from marts.quality_alarms")  # fmt: skip
    assert alarms == [{"field": "phone", "rule": "drop", "value": 0.5, "expected": 0.9}]


@pytest.mark.postgres
def test_the_same_rows_are_cleaned_and_measured_the_same_on_postgresql(postgres, new_house):
    houses = [night(new_house()), night(new_house(warehouse={"engine": "postgres", "url": postgres}))]
    one, other = (
        (
            {tuple(row.values())[:5]: round(row["value"], 9) for row in house.rows(
                "select source, entity, field, measure, judged, value from marts.data_quality")},
            sorted(str(list(row.values())) for row in house.rows(
                "select record_id, first_name, last_name, is_cleaned from intermediate.int_people__cleaned")),
            house.rows("select * from marts.quality_alarms"),
        )
        for house in houses
    )  # fmt: skip
    assert one == other and one[0] and len(one[1]) == 60
    houses[1].build(SECOND, select=ALL)
    assert len({row["day"] for row in houses[1].rows("select day from marts.data_quality")}) == 2
