"""Whole records: what is written of them, hostile values, empty tables, and what a company says in its own file."""

from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from core.errors import ConfigError
from core.settings import load_settings
from people.cleansing.records import STATED, clean_records
from people.cleansing.spec import CleansingSpec, load_cleansing
from people.cleansing.tables import CLEANED, FINDINGS

TODAY = date(2026, 3, 1)
SCHEMA = pa.schema([("record_id", pa.string()), ("stated_key", pa.string()), ("source", pa.string()),
                    ("birth_date", pa.date32()), *((name, pa.string()) for name in STATED)])  # fmt: skip


def cleaned(
    *rows: dict[str, Any], spec: CleansingSpec | None = None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    records = [{"record_id": f"r{n}", "stated_key": "k", "source": "crm"} | row for n, row in enumerate(rows)]
    values, findings = clean_records(pa.Table.from_pylist(records, schema=SCHEMA), spec or CleansingSpec(), TODAY)
    assert (values.schema, findings.schema) == (CLEANED, FINDINGS) and values.num_rows == len(rows)
    assert not set(zip(*(findings[c].to_pylist() for c in ("record_id", "column_name", "flag")), strict=True)) ^ {
        (f["record_id"], f["column_name"], f["flag"]) for f in findings.to_pylist()}  # fmt: skip
    return values.to_pylist(), findings.to_pylist()


def test_a_record_is_cleaned_and_each_change_keeps_what_the_source_said() -> None:
    rows, findings = cleaned({
        "first_name": "DR. ANN", "last_name": "O'NEIL", "email": "info@gmial.com", "phone": "+4930901820",
        "street": "12 High Street, Leeds LS1 4AP", "country": "United Kingdom", "language": "English",
        "birth_date": date(2027, 1, 1),
    })  # fmt: skip
    row = rows[0]
    assert {name: row[name] for name in ("first_name", "last_name", "street", "city", "postal_code", "country")} == {
        "first_name": "Ann", "last_name": "O'Neil", "street": "12 High Street", "city": "Leeds",
        "postal_code": "LS1 4AP", "country": "GB"}  # fmt: skip
    assert (row["language"], row["birth_date"]) == ("en", None)
    assert (row["time_zone"], row["time_zone_source"], row["time_zone_confidence"]) == (
        "Europe/London",
        "address",
        0.95,
    )
    found = {(f["column_name"], f["flag"]): (f["effect"], f["stated"], f["cleaned"]) for f in findings}
    assert found["first_name", "title"] == ("changed", "DR. ANN", "Ann")
    assert found["street", "taken_apart"] == ("changed", "12 High Street, Leeds LS1 4AP", "12 High Street")
    assert found["city", "taken_apart"] == ("filled", None, "Leeds")
    assert found["country", "code"] == ("changed", "United Kingdom", "GB")
    assert found["birth_date", "future"] == ("emptied", "2027-01-01", None)
    assert found["phone", "other_country"][0] == "doubted" and found["email", "role"][0] == "doubted"
    suggestion = next(f for f in findings if f["flag"] == "domain_typo")
    assert (suggestion["effect"], suggestion["suggestion"]) == ("suggested", "info@gmail.com")


def test_a_time_zone_is_the_stated_one_else_the_addresss_else_the_numbers() -> None:
    rows, _ = cleaned(
        {"time_zone": "europe/paris", "country": "DE"}, {"country": "US", "phone": "+12125550123"}, {"country": "US"},
        {"phone": "+442071838750"},
    )  # fmt: skip
    assert [(row["time_zone"], row["time_zone_source"], row["time_zone_confidence"]) for row in rows] == [
        ("Europe/Paris", "stated", 1.0), ("America/New_York", "phone", 0.6), (None, None, None),
        ("Europe/London", "phone", 0.6)]  # fmt: skip


def test_a_company_among_people_becomes_a_company() -> None:
    rows, findings = cleaned({"last_name": "Acme GmbH"}, {"last_name": "Acme GmbH", "company": "Other"})
    assert [(row["last_name"], row["company"]) for row in rows] == [(None, "Acme GmbH"), (None, "Other")]
    assert {f["flag"] for f in findings} == {"company", "from_name"}


@pytest.mark.parametrize("rows", [(), ({},), ({}, {})])
def test_nothing_gives_nothing(rows: tuple[dict[str, Any], ...]) -> None:
    values, findings = cleaned(*rows)
    assert findings == [] and all(
        value is None for row in values for name, value in row.items() if name not in ("record_id", "stated_key")
    )


HOSTILE = [
    "", " ", "\u202eevil", "🌸" * 50, "a" * 10_000, "\x00\x01", "\x1f", "a\x1fb", "'; drop table x; --", "ﷺ",
    "مرحبا", "שלום", "%s%n", "../../etc/passwd", "NULL", "nan", "1/0", "<b>x</b>", "Z̸̢a̷l̵g̶o̴", "\ufeff", "½", "ǆ", "ß",
    "İ", "ﬁ", "a,b,c,d", ",", ",,", "-", "'", "’’", "Mc", "Mac", "O'", "van", "d'", "-a-", "a-", " a", "１２３",
]  # fmt: skip


def test_hostile_values_are_cleaned_in_every_column_and_a_second_time_to_themselves() -> None:
    names = [name for name in STATED if name not in ("email", "phone")]
    once, _ = cleaned(*(dict.fromkeys(names, text) for text in HOSTILE))
    again, findings = cleaned(*({name: row[name] for name in names} for row in once))
    assert [{name: row[name] for name in names} for row in once] == [
        {name: row[name] for name in names} for row in again
    ]
    assert not [f for f in findings if f["effect"] != "doubted"]


def test_a_company_leaves_what_it_wants_and_names_its_own_placeholders() -> None:
    spec = CleansingSpec(leave=("name",), placeholder_names=("platzhalter",), role_addresses=("filiale",))
    rows, findings = cleaned(
        {"first_name": "ANN", "email": "filiale@acme.com"}, {"first_name": "Platzhalter"}, spec=spec
    )
    assert [row["first_name"] for row in rows] == ["ANN", "Platzhalter"]
    assert {(f["column_name"], f["flag"]) for f in findings} == {
        ("first_name", "case"), ("first_name", "placeholder"), ("email", "role")}  # fmt: skip
    rows, _ = cleaned({"first_name": "Platzhalter"}, spec=CleansingSpec(placeholder_names=("platzhalter",)))
    assert rows[0]["first_name"] is None


def test_a_mistake_in_its_file_is_told_with_its_line(tmp_path) -> None:
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "cleansing.yml").write_text("leave: [nmae]\noldest_years: 5\nplaceholders: []\n")
    with pytest.raises(ConfigError) as error:
        load_cleansing(load_settings(root=tmp_path, home=tmp_path / "home"))
    assert [mistake.split(": ")[0] for mistake in error.value.mistakes] == [
        "people/cleansing.yml:1", "people/cleansing.yml:2", "people/cleansing.yml:3"]  # fmt: skip
