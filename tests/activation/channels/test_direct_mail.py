"""What is special to letters: addresses that arrive, lines in the country's order, one a household, none twice."""

import csv
import io
import json

import pytest

from activation.channels import direct_mail
from activation.channels.direct_mail.addresses import COUNTRIES, LINES, clean, lines, undeliverable
from core.errors import ConfigError
from core.settings import load_settings
from tests.activation.channels.opened import changes, settled, statuses

GOOD = {"last_name": "Doe", "address_line_1": "1 High Street", "city": "Anytown"}


def channel(home, **options):
    return direct_mail.open_channel(load_settings(home=home), direct_mail.Options(**options))


def people(*rows, **more):
    names = sorted({name for row in rows for name in row})
    return changes(**{n: [row.get(n) for row in rows] for n in names}, **more)


def printed(home, folder="loyal__test"):
    found = []
    for manifest in sorted((home / "outbox" / folder).glob("*.manifest.json")):
        about = json.loads(manifest.read_text())
        text = manifest.with_name(about["file"]).read_bytes()[: about["bytes"]].decode()
        found += csv.DictReader(io.StringIO(text, newline=""))
    return found


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ({"country": "GB", "postal_code": "sw1a 1aa"}, ["Doe", "1 High Street", "Anytown", "SW1A 1AA"]),
        ({"country": "DE", "postal_code": "10115"}, ["Doe", "1 High Street", "10115 Anytown", "GERMANY"]),
        ({"country": "US", "region": "CA", "postal_code": "94105"},
         ["Doe", "1 High Street", "Anytown CA 94105", "UNITED STATES OF AMERICA"]),
        ({"country": "HU", "postal_code": "1051"}, ["Doe", "1 High Street", "Anytown", "1051", "HUNGARY"]),
        ({"country": "IE"}, ["Doe", "1 High Street", "Anytown", "IRELAND"]),
        ({"country": "LV", "postal_code": "LV-1050"}, ["Doe", "1 High Street", "Anytown, LV-1050", "LATVIA"]),
        ({"country": "MX", "postal_code": "06000"}, ["Doe", "1 High Street", "06000 Anytown", "MEXICO"]),
    ],
)  # fmt: skip
def test_lines_stand_in_the_order_of_the_country_and_the_country_only_on_letters_abroad(address, expected):
    said = clean({**GOOD, **address}, "GB")
    assert undeliverable(said) == "" and lines(said, "GB") == expected


def test_the_fullest_address_of_any_country_fits_the_lines():
    full = dict.fromkeys(
        (
            "title",
            "first_name",
            "last_name",
            "company",
            "address_line_1",
            "address_line_2",
            "city",
            "region",
            "postal_code",
        ),
        "X",
    )
    assert max(len(lines({**full, "country": code}, "XX")) for code in COUNTRIES) == LINES


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"last_name": ""}, "no last_name or company"),
        ({"address_line_1": None}, "no address_line_1"),
        ({"city": " "}, "no city"),
        ({"postal_code": "1234"}, "the postal code is not one of United Kingdom"),
        ({"postal_code": None}, "no postal code of United Kingdom"),
        ({"country": "US", "postal_code": "94105"}, "no region"),
        ({"country": "XK"}, "the form of addresses in XK is not known here"),
        ({"last_name": "=HYPERLINK(1)"}, "last_name would be run as a formula by a spreadsheet"),
    ],
)
def test_a_letter_that_would_not_arrive_is_rejected_with_the_reason(tmp_path, change, why):
    rows = people({**GOOD, "postal_code": "SW1A 1AA"}, {**GOOD, "postal_code": "SW1A 1AA", **change})
    assert settled(channel(tmp_path), rows) == [("accepted", None), ("rejected", why)]
    assert [row["reference"] for row in printed(tmp_path)] == ["p0"]


def test_the_columns_are_always_the_same_whatever_is_mapped(tmp_path):
    statuses(channel(tmp_path), people({**GOOD, "postal_code": "SW1A 1AA"}))
    statuses(channel(tmp_path), people({**GOOD, "company": "Shop", "postal_code": "SW1A 1AA"}, keys=["p9"], key="run2"))
    rows = printed(tmp_path)
    assert [tuple(row) for row in rows] == [direct_mail.COLUMNS] * 2
    assert [rows[1][f"line_{n}"] for n in (1, 2, 5, 6)] == ["Doe", "Shop", "SW1A 1AA", ""]


def test_line_ends_and_nul_do_not_reach_the_printer(tmp_path):
    statuses(channel(tmp_path), people({**GOOD, "last_name": "Do\ne\x00", "postal_code": "SW1A 1AA"}))
    assert printed(tmp_path)[0]["name"] == "Do e"


def household(*lines):
    return [{**GOOD, "address_line_1": line, "postal_code": "SW1A 1AA"} for line in lines]


def test_a_household_gets_one_letter_over_batches_and_restarts(tmp_path):
    first = people(*household("1 High Street", "1, HIGH-STREET", "2 High Street"))
    said = settled(channel(tmp_path, one_per_household=True), first)
    assert said == [("accepted", None), ("rejected", "somebody of the household has the letter"), ("accepted", None)]
    later = people(*household("1 high street", "3 High Street"), keys=["p7", "p8"], key="run2")
    assert statuses(channel(tmp_path, one_per_household=True), later) == ["rejected", "accepted"]
    assert len(printed(tmp_path)) == 3


def test_the_same_batch_again_says_the_same_and_prints_nothing(tmp_path):
    rows = people(*household("1 High Street", "1 High Street"))
    answers = [statuses(channel(tmp_path, one_per_household=True), rows) for _ in range(2)]
    assert answers == [["accepted", "rejected"]] * 2 and len(printed(tmp_path)) == 1
    assert channel(tmp_path).look_up("loyal__test.2026-01-15.run1") is True


def test_a_household_whose_file_has_lost_its_manifest_gets_no_second_letter(tmp_path):
    statuses(channel(tmp_path, one_per_household=True), people(*household("1 High Street")))
    for content in (b"{", None):
        for manifest in (tmp_path / "outbox").rglob("*.manifest.json"):
            manifest.write_bytes(content) if content else manifest.unlink()
        later = people(*household("1 high street", "3 High Street"), keys=["p7", "p8"], key=f"run{content}")
        assert statuses(channel(tmp_path, one_per_household=True), later)[0] == "rejected"


def test_without_the_option_everybody_of_a_household_gets_a_letter(tmp_path):
    assert statuses(channel(tmp_path), people(*household("1 High Street", "1 High Street"))) == ["accepted"] * 2


def test_the_price_of_a_letter_reaches_the_plan(tmp_path):
    assert channel(tmp_path, price_per_row=0.92).limits.price_per_row == 0.92


def test_an_erasure_tells_the_print_house_who_and_nothing_more(tmp_path):
    channel(tmp_path).erase(people({**GOOD, "postal_code": "SW1A 1AA"}, op="remove"))
    assert printed(tmp_path, "loyal__test.forget") == [{"reference": "p0"}]
    assert not (tmp_path / "outbox" / "loyal__test").exists()


def test_a_country_without_known_addresses_is_told_when_the_sync_is_opened(tmp_path):
    with pytest.raises(ConfigError, match="default_country"):
        channel(tmp_path, default_country="XK")
