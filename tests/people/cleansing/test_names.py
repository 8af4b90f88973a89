"""Names of many languages as they are written, and what stands in for a name."""

import csv
from pathlib import Path

import pytest

from people.cleansing.names import LONGEST, clean_name

NAMES = list(csv.DictReader((Path(__file__).parent / "names.csv").open(encoding="utf-8", newline="")))


def test_the_table_holds_many_names() -> None:
    assert len(NAMES) >= 150


@pytest.mark.parametrize("row", NAMES, ids=lambda row: f"{row['first_name']} {row['last_name']}")
def test_a_name_is_written_as_its_people_write_it(row: dict[str, str]) -> None:
    name = clean_name(row["first_name"] or None, row["last_name"] or None, row["country"])
    flags = " ".join(sorted({flag for _, flag in name.flags}))
    assert (name.first or "", name.last or "", flags) == (row["clean_first"], row["clean_last"], row["flags"])


@pytest.mark.parametrize("row", NAMES, ids=lambda row: f"{row['first_name']} {row['last_name']}")
def test_a_clean_name_is_cleaned_to_itself(row: dict[str, str]) -> None:
    name = clean_name(row["clean_first"] or None, row["clean_last"] or None, row["country"])
    assert (name.first or "", name.last or "") == (row["clean_first"], row["clean_last"])


def test_a_name_of_ten_thousand_signs_is_no_name() -> None:
    name = clean_name("a" * 10_000, "b " * (LONGEST + 1))
    assert (name.first, name.last) == (None, None) and {flag for _, flag in name.flags} == {"too_long"}


def test_a_company_among_people_keeps_its_name_as_a_company() -> None:
    assert clean_name("Acme", "GmbH", "DE").company == "Acme GmbH"
