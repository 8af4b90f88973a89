"""A night cleans what is new or has changed alone, and leaves what a whole run leaves."""

import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pyarrow as pa
import pytest

from core.settings import Settings, load_settings
from core.warehouse import connect
from people.cleansing import jobs
from people.cleansing.records import STATED

DAY = date(2026, 3, 1)
VALUES: dict[str, list[Any]] = {
    "first_name": ["ANN", "Dr. Bob", "test", "Acme", None, "O'Neil; Zoë"],
    "last_name": ["SMITH", "Ltd", "van DAM", None],
    "email": ["info@gmial.com", "a@mailinator.com", None], "phone": ["+4930901820", None],
    "street": ["12 High Street, Leeds LS1 4AP, UK", "Hauptstr. 5", None], "city": [None, "LEEDS"],
    "postal_code": [None, "1067", "ls14ap"], "country": ["Germany", "gb", "nowhere", None],
    "language": ["en_gb", "Deutsch", None], "time_zone": ["europe/paris", "+02:00", None],
    "birth_date": [date(1980, 5, 17), date(1990, 1, 1), DAY + timedelta(days=1), date(1850, 1, 1), None],
}  # fmt: skip
SCHEMA = pa.schema([("record_id", pa.string()), ("stated_key", pa.string()), ("source", pa.string()),
                    ("birth_date", pa.date32()), *((name, pa.string()) for name in STATED)])  # fmt: skip
Row = dict[str, Any]


def project(folder: Path, **warehouse: str) -> Settings:
    folder.mkdir(exist_ok=True)
    return load_settings(root=folder, home=folder / "home", warehouse=warehouse)


@pytest.fixture(params=["duckdb", pytest.param("postgres", marks=pytest.mark.postgres)])
def settings(tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    if request.param == "duckdb":
        return project(tmp_path)
    url = request.getfixturevalue("postgres")
    with psycopg2.connect(url) as database:  # which the tests of this file share
        database.cursor().execute("drop schema if exists identity cascade; drop schema if exists intermediate cascade")
    return project(tmp_path, engine="postgres", url=url)


def stated(rng: random.Random, record: str) -> Row:
    row = {name: rng.choice(values) for name, values in VALUES.items()}
    return row | {"record_id": record, "source": record[0], "stated_key": str(sorted(row.items(), key=str))}


def land(settings: Settings, rows: list[Row]) -> None:
    with connect(settings, writer="intermediate") as db:
        db.load("intermediate.int_people__stated", pa.Table.from_pylist(rows, schema=SCHEMA), "replace")


def left(settings: Settings) -> list[list[str]]:
    with connect(settings) as db:
        tables = [db.query(f"select * from {name}") for name in (jobs.CLEANED_RECORDS, jobs.CLEANSING_FINDINGS)]
    return [sorted(str(row) for row in table.to_pylist()) for table in tables]


def test_nights_of_new_changed_and_gone_records_end_as_one_whole_run(settings, tmp_path):
    rng, looked_at = random.Random(3), []
    records = {f"{source}{n}": stated(rng, f"{source}{n}") for source in "ab" for n in range(40)}
    for night in range(4):
        for record in rng.sample(sorted(records), 5):
            records[record] = stated(rng, record)
        records.pop(rng.choice(sorted(records)))
        records |= {f"b{100 + 10 * night + n}": stated(rng, f"b{100 + 10 * night + n}") for n in range(night)}
        if night == 2:  # a date that is too frequent from now on, and one that is not in the future any more
            records |= {f"c{n}": stated(rng, f"c{n}") | {"birth_date": date(1990, 1, 1)} for n in range(30)}
        rows = [*records.values(), stated(rng, "a0") | {"stated_key": "~"}]  # and one that comes twice
        land(settings, rows)
        looked_at.append(jobs.cleanse(settings, DAY + timedelta(days=night))["cleansed"]["new_or_changed"])
        whole = project(tmp_path / f"whole{night}")
        land(whole, rows)
        jobs.cleanse(whole, DAY + timedelta(days=night))
        assert left(settings) == left(whole), night
    assert looked_at[0] > 70 and max(looked_at[1], looked_at[3]) < 30, "all were looked at again"
    assert jobs.cleanse(settings, DAY + timedelta(days=3))["cleansed"]["new_or_changed"] == 0


def test_by_other_rules_all_is_cleaned_again(settings, tmp_path):
    land(settings, [stated(random.Random(1), "a1") | {"first_name": "Nobody", "last_name": "Smith"}])
    jobs.cleanse(settings, DAY)
    (tmp_path / "people").mkdir()
    (tmp_path / "people/cleansing.yml").write_text("placeholder_names: [nobody]\n")
    assert jobs.cleanse(settings, DAY)["cleansed"]["new_or_changed"] == 1
    with connect(settings) as db:
        assert db.query("select first_name from identity.cleaned_records")["first_name"].to_pylist() == [None]
