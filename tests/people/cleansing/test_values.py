"""Addresses, countries, languages, time zones, e-mails, dates: what each is cleaned to, and what stays."""

from datetime import date

import pyarrow as pa
import pytest

from core.countries import country_code, zone_of_country
from people.cleansing.addresses import Address, city_answer, postal_code, taken_apart
from people.cleansing.dates import birth_date_answers
from people.cleansing.emails import COMMON, email_answers, is_one_slip
from people.cleansing.languages import language_tag, time_zone_answer
from people.cleansing.phones import phone_answers, phone_zones
from people.cleansing.spec import CleansingSpec

TODAY = date(2026, 3, 1)


@pytest.mark.parametrize(("stated", "code"), [
    ("GB", "GB"), ("gb", "GB"), ("UK", "GB"), ("United Kingdom", "GB"), ("Vereinigtes Königreich", "GB"),
    ("Royaume-Uni", "GB"), ("England", "GB"), ("GBR", "GB"), ("deu", "DE"), ("Deutschland", "DE"), ("Allemagne", "DE"),
    ("Германия", "DE"), ("ドイツ", "DE"), ("Nederland", "NL"), ("Holland", "NL"), ("U.S.A.", "US"),
    ("United States of America", "US"), ("España", "ES"), ("Espana", "ES"), ("Österreich", "AT"), ("Suisse", "CH"),
    ("Schweiz", "CH"), ("中国", "CN"), ("Türkiye", "TR"), ("Turkey", "TR"), ("Czech Republic", "CZ"), ("Česko", "CZ"),
    ("Côte d’Ivoire", "CI"), ("Brasil", "BR"), ("xx", None), ("Atlantis", None), ("-", None), ("1" * 5000, None),
])  # fmt: skip
def test_a_country_has_one_code_by_whatever_name(stated: str, code: str | None) -> None:
    assert country_code(stated) == code


@pytest.mark.parametrize(("stated", "tag"), [
    ("en", "en"), ("EN", "en"), ("en_GB", "en-GB"), ("en-gb", "en-GB"), ("de_DE.UTF-8", "de-DE"), ("eng", "en"),
    ("ger", "de"), ("deu", "de"), ("English", "en"), ("Deutsch", "de"), ("German", "de"), ("français", "fr"),
    ("Français", "fr"), ("русский", "ru"), ("zh-Hant-TW", "zh-Hant-TW"), ("zh-CN", "zh-CN"), ("日本語", "ja"),
    ("en-GB,en;q=0.9", "en-GB"), ("xx", None), ("Dothraki?", None), ("", None), ("-", None), ("e" * 1000, None),
])  # fmt: skip
def test_a_language_is_a_tag_of_bcp_47(stated: str, tag: str | None) -> None:
    assert language_tag(stated) == tag


@pytest.mark.parametrize(("stated", "zone"), [
    ("Europe/London", "Europe/London"), ("europe/berlin", "Europe/Berlin"), ("UTC", "UTC"), ("GMT+1", None),
    ("W. Europe Standard Time", "Europe/Berlin"), ("Mars/Phobos", None),
])  # fmt: skip
def test_a_time_zone_is_one_of_ianas(stated: str, zone: str | None) -> None:
    assert time_zone_answer(stated).value == zone


def test_a_country_with_one_time_has_a_zone_and_others_have_none() -> None:
    zones = {code: zone_of_country(code) for code in ("GB", "DE", "FR", "IN", "US", "AU", "ES", "QQ")}
    assert zones == {"GB": "Europe/London", "DE": "Europe/Berlin", "FR": "Europe/Paris", "IN": "Asia/Calcutta",
                     "US": None, "AU": None, "ES": None, "QQ": None} or zones["IN"] == "Asia/Kolkata"  # fmt: skip


@pytest.mark.parametrize(("stated", "country", "code", "flag"), [
    ("ls1 4ap", "GB", "LS1 4AP", "form"), ("LS14AP", "GB", "LS1 4AP", "form"), ("LS1 4AP", "GB", "LS1 4AP", None),
    ("1012ab", "NL", "1012 AB", "form"), ("k1a0b1", "CA", "K1A 0B1", "form"), ("1067", "DE", "01067", "nought"),
    ("D-10115", "DE", "10115", "form"), ("00950", "PL", "00-950", "form"), ("100-0001", "JP", "100-0001", None),
    ("1000001", "JP", "100-0001", "form"), ("902101234", "US", "90210-1234", "form"), ("2108", "US", "02108", "nought"),
    ("12", "DE", "12", "invalid"), ("LS1 4AP", "DE", "LS1 4AP", "invalid"), ("00000", "DE", None, "placeholder"),
    ("n/a", "DE", None, "placeholder"), ("-", "", None, "placeholder"), ("ab 1", "", "ab 1", None),
    ("11122", "SE", "111 22", "form"), ("12345", "AE", "12345", None),
])  # fmt: skip
def test_a_postal_code_is_written_as_its_country_writes_it(
    stated: str, country: str, code: str | None, flag: str | None
) -> None:
    assert postal_code(stated, country) == (code, flag)


@pytest.mark.parametrize(("line", "country", "parts"), [
    ("12 High Street, Leeds LS1 4AP, UK", None, ("12 High Street", "Leeds", "LS1 4AP", None, "GB")),
    ("12 High Street, Leeds, LS1 4AP", "GB", ("12 High Street", "Leeds", "LS1 4AP", None, "GB")),
    ("Flat 2, 12 High Street\nLeeds\nLS1 4AP", None, ("Flat 2, 12 High Street", "Leeds", "LS1 4AP", None, "GB")),
    ("Hauptstr. 5, 10115 Berlin", "DE", ("Hauptstr. 5", "Berlin", "10115", None, "DE")),
    ("Hauptstr. 5, D-10115 Berlin, Deutschland", None, ("Hauptstr. 5", "Berlin", "10115", None, "DE")),
    ("Hauptstr. 5 10115 Berlin", "DE", ("Hauptstr. 5", "Berlin", "10115", None, "DE")),
    ("1 Main St, Austin, TX 78701", "US", ("1 Main St", "Austin", "78701", "TX", "US")),
    ("1 Main St, Apt 4, New York NY 10001", "US", ("1 Main St, Apt 4", "New York", "10001", "NY", "US")),
    ("Damrak 1, 1012 AB Amsterdam", None, ("Damrak 1", "Amsterdam", "1012 AB", None, "NL")),
    ("12 rue de Rivoli, 75001 Paris, France", None, ("12 rue de Rivoli", "Paris", "75001", None, "FR")),
    ("Via Roma 1, 20121 Milano", "IT", ("Via Roma 1", "Milano", "20121", None, "IT")),
])  # fmt: skip
def test_an_address_in_one_line_is_taken_apart(line: str, country: str | None, parts: tuple[str | None, ...]) -> None:
    assert taken_apart(line, country) == Address(*parts)


@pytest.mark.parametrize("line", ["12 High Street", "Flat 2, 12 High Street", "", ",,,", "10115", "x, " * 200, "🌸, 1"])
def test_a_line_that_is_not_understood_stays_one(line: str) -> None:
    assert taken_apart(line, "GB") is None


def test_towns_in_capitals_are_written_small_and_words_for_nothing_go() -> None:
    answers = [city_answer(city, "GB") for city in ("LEEDS", "leeds", "Leeds", "ELY", "unbekannt", None)]
    assert [a.value for a in answers] == ["Leeds", "Leeds", "Leeds", "ELY", None, None]


def test_what_an_address_is_is_told_and_the_address_stays() -> None:
    emails = pa.array(["info@acme.com", "ann@mailinator.com", "ann@x.mailinator.com", "ann@gmial.com", "test@test.com",
                       "ann+x@gmail.con", "ann@yahoo.gr", "ann@mail.com", "ann@hotmial.com", "bob@acme.com",
                       None])  # fmt: skip
    answers = email_answers(emails)
    assert answers.values.equals(emails)
    flagged = {flag: [e for e, on in zip(emails.to_pylist(), mask.to_pylist(), strict=True) if on]
               for flag, mask in answers.flags.items()}  # fmt: skip
    assert flagged["role"] == ["info@acme.com"] and flagged["placeholder"] == ["test@test.com"]
    assert set(flagged["disposable"]) >= {"ann@mailinator.com", "ann@x.mailinator.com"}
    assert [s for s in answers.suggestions.to_pylist() if s] == ["ann@gmail.com", "ann+x@gmail.com", "ann@hotmail.com"]


def test_no_common_domain_is_taken_for_another() -> None:
    answers = email_answers(pa.array([f"a@{domain}" for domain in COMMON]))
    assert answers.suggestions.null_count == len(COMMON)


@pytest.mark.parametrize(("one", "other", "is_slip"), [
    ("gmial", "gmail", True), ("gmal", "gmail", True), ("gmaill", "gmail", True), ("gnail", "gmail", True),
    ("gmail", "gmail", False), ("gmla", "gmail", False), ("", "g", True), ("", "gm", False), ("amgil", "gmail", False),
])  # fmt: skip
def test_one_slip_is_a_letter_or_two_neighbours(one: str, other: str, is_slip: bool) -> None:
    assert is_one_slip(one, other) is is_slip and is_one_slip(other, one) is is_slip


def test_a_number_of_another_country_is_doubted_and_tells_its_zone() -> None:
    phones = pa.array(["+442071838750", "+4930901820", "+12025550123", None])
    answers = phone_answers(phones, pa.array(["GB", "GB", None, "DE"]))
    assert answers.flags["other_country"].to_pylist() == [False, True, False, False]
    assert phone_zones(phones).to_pylist() == ["Europe/London", "Europe/Berlin", "America/New_York", None]


def test_birth_dates_that_cannot_be_go_and_a_frequent_one_is_doubted() -> None:
    dates = [date(1900, 1, 1), date(2027, 1, 1), date(1880, 5, 5), date(1985, 2, 2), None] + [date(1980, 1, 1)] * 30
    spec = CleansingSpec(placeholder_dates=(date(1900, 1, 1),))
    answers = birth_date_answers(pa.array(dates, pa.date32()), pa.repeat("crm", len(dates)), TODAY, spec)
    assert answers.values.to_pylist()[:5] == [None, None, None, "1985-02-02", None]
    counts = {flag: sum(mask.to_pylist()) for flag, mask in answers.flags.items()}
    assert counts == {"day_month": 0, "placeholder": 1, "future": 1, "too_old": 1, "frequent": 30}


def test_a_source_that_never_names_a_day_above_the_twelfth_is_doubted() -> None:
    turned = [date(1950 + n, 1 + n % 12, 1 + n % 12) for n in range(50)]
    right = [date(1950 + n, 1 + n % 12, 1 + n % 28) for n in range(50)]
    sources = pa.array(["a"] * 50 + ["b"] * 50)
    answers = birth_date_answers(pa.array(turned + right, pa.date32()), sources, TODAY, CleansingSpec())
    assert answers.flags["day_month"].to_pylist() == [True] * 50 + [False] * 50
    assert answers.values.null_count == 0
