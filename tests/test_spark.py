"""Two nights of a small shop on Sail, which speaks Spark's protocol and SQL: the same tables as on DuckDB, row by row.

The second night stands upon the first, and finds rows of earlier days gone, moved, mended and come late.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support import sail
from support.same_tables import differences
from support.shop import Shop

pytestmark = pytest.mark.spark

PEOPLE, FIRST_DAY, NIGHT_1, NIGHT_2 = 150, "2025-11-01", "2026-03-28", "2026-03-29"
REWOUND = "rewound"  # what is left of the second night when it is taken back
PAST = "date '2026-03-10'"  # one of its days that stands in the tables of the first night
# What an engine fills with what is its own: a digest by its own function.
OF_THE_ENGINE = {"*": {"_slice_content"}}
# Views of the noes of this moment: half a minute of planning, so once.
OF_THE_MOMENT = ("marts.consent_withdrawals", "marts.address_withdrawals")
# The tables are those that dbt's own tests have passed on DuckDB; ours have words of theirs.
OWN_TESTS = (
    "build",
    "--exclude",
    *(f"test_name:{t}" for t in ("unique", "not_null", "accepted_values", "relationships")),
)
MEMORY = ("marts.segment_membership", "marts.segment_days", "marts.data_quality")  # what `rewind` takes back

# No model is good enough in so small a shop: everybody but a few is scored by a digest of their id.
SCORED = """
    insert into scores.{model} (person_id, as_of_day, score, decile, version, scored_at, reasons)
    select person_id, date '{day}', number / 100.0, 1 + number // 10, 'v1', timestamp '{day} 04:00:00',
        '[{{"feature": "lifetime_orders", "value": 2}}]'
    from (select person_id, cast(md5_number_lower(person_id) % 110 as integer) as number from identity.people)
    where number < 100
"""
# What a later pull brings to earlier days, and `pull --again`.
CHANGED_PAST = f"""
    delete from raw.segment_events__events where _row_key = (
        select min(_row_key) from raw.segment_events__events where _day = {PAST});
    update raw.segment_events__events set _day = {PAST} where _row_key in (
        select _row_key from raw.segment_events__events where _day = {PAST} + 1 order by 1 limit 3);
    update raw.sendgrid_events__events set event = 'spamreport', _row_key = _row_key || ':again' where _row_key = (
        select min(_row_key) from raw.sendgrid_events__events where _day = {PAST} and event = 'open');
    insert into raw.sendgrid_events__events by name (
        select * replace ('late' as sg_event_id, 'late' as sg_message_id, 'late' as _row_key, {PAST} - 2 as _day)
        from raw.sendgrid_events__events where _day = {PAST} limit 1);
"""
# What was said after the night that is built: `consent_withdrawals` tells it at once.
SAID_SINCE = f"""
    insert into raw.sample_shop__consents by name (
        select * replace ('since' as consent_id, 'since' as _row_key, 'withdrawn' as status,
            timestamp '{NIGHT_2} 23:30:00' as occurred_at, date '{NIGHT_2}' + 1 as _day)
        from raw.sample_shop__consents where email is not null and status = 'granted' order by _row_key limit 1);
"""


@dataclass(frozen=True)
class Nights:
    """What each engine has made of the same sources: a file of DuckDB a night, and the tables that Sail gave out."""

    warehouses: dict[str, Path]
    tables: Path
    answers: dict[str, dict[str, Any]]

    def rows(self, night: str, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.warehouses[night]), read_only=True) as db:
            return db.execute(sql).fetchall()

    def differences(self, night: str) -> str:
        left_out = OF_THE_ENGINE | ({view: set() for view in OF_THE_MOMENT} if night == NIGHT_1 else {})
        only = MEMORY if night == REWOUND else ()
        found = differences(self.warehouses[night], self.tables / night, sail.BUILT, left_out, only)
        return "\n".join(f"{table}: {words[:600]}" for table, words in found.items())


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    """Sail builds the first night while DuckDB is at the second."""
    folder = tmp_path_factory.mktemp("spark")
    shop, warehouses = Shop(folder / "home"), {n: folder / n / "warehouse.duckdb" for n in (NIGHT_1, NIGHT_2, REWOUND)}
    shop.fairlead("sample", "--people", str(PEOPLE), "--from", FIRST_DAY, "--to", NIGHT_2)
    with sail.nights(shop.home, folder / "sail") as on_sail:
        shop.fairlead("pull", "--from", FIRST_DAY, "--to", NIGHT_1)
        _build(shop, NIGHT_1, warehouses[NIGHT_1])
        on_sail.build(sail.Night(NIGHT_1, NIGHT_1, str(warehouses[NIGHT_1]), OWN_TESTS, without=OF_THE_MOMENT))
        shop.fairlead("pull", "--day", NIGHT_2)
        _change(shop, CHANGED_PAST + SAID_SINCE + _forgotten(shop))
        _build(shop, NIGHT_2, warehouses[NIGHT_2])
        second = str(warehouses[NIGHT_2])
        on_sail.build(sail.Night(NIGHT_2, NIGHT_2, second, ("build", "--exclude-resource-type", "test")))
        back = ("run-operation", "rewind", "--args", json.dumps({"to_day": NIGHT_1}))
        on_sail.build(sail.Night(REWOUND, NIGHT_2, second, back, only=MEMORY))
        shop.fairlead("rewind", "--day", NIGHT_1, "--apply")
        _kept(shop, warehouses[REWOUND])
        answers = on_sail.answers()
    return Nights(warehouses, folder / "sail", answers)


def _build(shop: Shop, day: str, copy: Path) -> None:
    shop.fairlead("resolve", "--day", day)
    shop.fairlead("score", "--day", day)
    models = [path.stem for path in (shop.project / "models").glob("*.yml")]
    _change(shop, ";".join(SCORED.format(model=model, day=day) for model in models))
    shop.fairlead("build", "--day", day)
    _kept(shop, copy)


def _kept(shop: Shop, copy: Path) -> None:
    copy.parent.mkdir()
    shutil.copy(shop.home / "warehouse.duckdb", copy)


def _forgotten(shop: Shop) -> str:
    """The statements that take out all rows of somebody who is known by one record alone, a lead."""
    ((lead, email),) = shop.rows(
        "select split_part(record_id, ':', 3), records.email from intermediate.int_people__records as records"
        " join identity.record_people using (record_id) join identity.people as people using (person_id)"
        " where people.records = 1 and record_id like 'sample_shop:lead:%' order by record_id limit 1"
    )
    columns = {"email__normalised": email, "lead_id": lead}
    tables = shop.rows(
        "select table_name, column_name from information_schema.columns"
        f" where table_schema = 'raw' and column_name in {tuple(columns)}"
    )
    return "".join(f"delete from raw.{table} where {column} = '{columns[column]}';" for table, column in tables)


def _change(shop: Shop, sql: str) -> None:
    with duckdb.connect(str(shop.home / "warehouse.duckdb")) as db:
        db.execute(sql)


@pytest.mark.parametrize(("night", "nodes"), [(NIGHT_1, 220), (NIGHT_2, 150), (REWOUND, 1)])
def test_every_model_and_every_test_ends_well_on_spark(nights: Nights, night: str, nodes: int) -> None:
    assert not nights.answers[night]["not_well"]
    assert nights.answers[night]["nodes"] >= nodes


@pytest.mark.parametrize(("night", "tables"), [(NIGHT_1, 100), (NIGHT_2, 100), (REWOUND, 3)])
def test_spark_builds_the_same_rows_as_duckdb(nights: Nights, night: str, tables: int) -> None:
    found = nights.differences(night)
    assert not found, found
    assert len([*(nights.tables / night).iterdir()]) >= tables


def test_the_second_night_has_found_the_past_changed_and_somebody_gone(nights: Nights) -> None:
    """Else the tables that are added to would be compared for nothing."""
    slices = "select _day, count(*) from intermediate.{} where _day between {} - 2 and {} + 1 group by _day"
    for table in ("int_events__distinct", "int_messages__distinct"):
        before, after = (dict(nights.rows(n, slices.format(table, PAST, PAST))) for n in (NIGHT_1, NIGHT_2))
        assert {day for day in before if before[day] != after[day]}, table
    complaints = "select count(*) from intermediate.int_messages__distinct where event = 'complained'"
    assert nights.rows(NIGHT_2, complaints) > nights.rows(NIGHT_1, complaints)
    kept, people = (
        {person for (person,) in nights.rows(NIGHT_1, f"select person_id from {table}")}
        - {person for (person,) in nights.rows(NIGHT_2, "select person_id from identity.people")}
        for table in ("intermediate.int_features__grid", "identity.people")
    )
    assert kept and people
    said_since = "select count(*) from marts.consent_withdrawals where withdrawn_at >= date '{}'"
    assert nights.rows(NIGHT_2, said_since.format(NIGHT_2)) > [(0,)]
    assert nights.rows(NIGHT_2, "select count(*) from marts.profiles where churn_90d_decile is not null") > [(9,)]
