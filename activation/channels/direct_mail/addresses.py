"""Postal addresses: whether one can be delivered, and its lines in the order of its country.

Source  Universal Postal Union, "Postal addressing systems in member countries"; postal codes by their form only.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from activation.vendor.csv_lines import FORMULA, HARMLESS

PARTS = (
    "title", "first_name", "last_name", "company", "address_line_1", "address_line_2",
    "city", "region", "postal_code", "country",
)  # fmt: skip
CONTROL = re.compile(r"[\x00-\x1f\x7f]")  # nothing that a printer obeys, and no line end inside a line
LINES = 8  # at most: name, company, two of the street, city, region or postal code, postal code, country
BEFORE, AFTER, BELOW = "{postal_code} {city}", "{city} {region} {postal_code}", "{city}\n{region}\n{postal_code}"
FIVE, FOUR = r"\d{5}", r"\d{4}"


@dataclass(frozen=True)
class Country:
    name: str  # as an address abroad ends, in English
    code: str  # the postal code's form, a regular expression; "" where letters arrive without
    last: str = BEFORE  # how city, region and postal code stand


COUNTRIES = {
    "AE": Country("United Arab Emirates", "", AFTER), "AT": Country("Austria", FOUR),
    "AU": Country("Australia", FOUR, AFTER),
    "BE": Country("Belgium", FOUR), "BG": Country("Bulgaria", FOUR), "BR": Country("Brazil", r"\d{5}-?\d{3}"),
    "CA": Country("Canada", r"[A-Z]\d[A-Z] ?\d[A-Z]\d", AFTER),
    "CH": Country("Switzerland", FOUR), "CY": Country("Cyprus", FOUR),
    "CZ": Country("Czechia", r"\d{3} ?\d{2}"), "DE": Country("Germany", FIVE), "DK": Country("Denmark", FOUR),
    "EE": Country("Estonia", FIVE), "ES": Country("Spain", FIVE),
    "FI": Country("Finland", FIVE), "FR": Country("France", FIVE),
    "GB": Country("United Kingdom", r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}", "{city}\n{postal_code}"),
    "GR": Country("Greece", r"\d{3} ?\d{2}"), "HR": Country("Croatia", FIVE),
    "HU": Country("Hungary", FOUR, "{city}\n{postal_code}"),
    "IE": Country("Ireland", r"(?:[A-Z]\d[\dW] ?[A-Z\d]{4})?", BELOW), "IN": Country("India", r"\d{3} ?\d{3}", AFTER),
    "IT": Country("Italy", FIVE, "{postal_code} {city} {region}"), "JP": Country("Japan", r"\d{3}-?\d{4}", AFTER),
    "LT": Country("Lithuania", r"(?:LT-)?\d{5}"), "LU": Country("Luxembourg", r"(?:L-)?\d{4}"),
    "LV": Country("Latvia", r"LV-\d{4}", "{city}, {postal_code}"),
    "MT": Country("Malta", r"[A-Z]{3} ?\d{4}", "{city}\n{postal_code}"),
    "MX": Country("Mexico", FIVE, "{postal_code} {city}, {region}"),
    "NL": Country("Netherlands", r"\d{4} ?[A-Z]{2}"), "NO": Country("Norway", FOUR),
    "NZ": Country("New Zealand", FOUR, AFTER),
    "PL": Country("Poland", r"\d{2}-\d{3}"), "PT": Country("Portugal", r"\d{4}-\d{3}"),
    "RO": Country("Romania", r"\d{6}"),
    "SE": Country("Sweden", r"\d{3} ?\d{2}"), "SG": Country("Singapore", r"\d{6}", AFTER),
    "SI": Country("Slovenia", r"(?:SI-)?\d{4}"),
    "SK": Country("Slovakia", r"\d{3} ?\d{2}"), "US": Country("United States of America", r"\d{5}(?:-\d{4})?", AFTER),
    "ZA": Country("South Africa", FOUR, "{city}\n{postal_code}"),
}  # fmt: skip
REGIONAL = {"US", "CA", "AU"}  # the region is part of the city's line there, and needed


def clean(row: Mapping[str, object], default_country: str) -> dict[str, str]:
    """Every part as text on one line; country and postal code in capitals."""
    parts = {part: " ".join(CONTROL.sub(" ", str(row.get(part) or "")).split()) for part in PARTS}
    country = parts["country"].upper() or default_country
    return {**parts, "country": country, "postal_code": parts["postal_code"].upper()}


def undeliverable(address: Mapping[str, str]) -> str:
    """Why a letter would not arrive; '' where it can. Names no value but the country."""
    country = COUNTRIES.get(address["country"])
    if country is None:
        return f"the form of addresses in {address['country'][:2]} is not known here"
    missing = [part for part in ("address_line_1", "city") if not address[part]]
    if not address["last_name"] and not address["company"]:
        missing.insert(0, "last_name or company")
    if address["country"] in REGIONAL and not address["region"]:
        missing.append("region")
    if missing:
        return f"no {', no '.join(missing)}"
    if country.code and not re.fullmatch(country.code, address["postal_code"]):
        return f"{'no postal code' if not address['postal_code'] else 'the postal code is not one'} of {country.name}"
    runs = [part for part in PARTS if re.match(FORMULA, address[part]) and not re.match(HARMLESS, address[part])]
    return f"{', '.join(runs)} would be run as a formula by a spreadsheet" if runs else ""


def full_name(address: Mapping[str, str]) -> str:
    return " ".join(filter(None, (address["title"], address["first_name"], address["last_name"])))


def lines(address: Mapping[str, str], sender: str) -> list[str]:
    """As they stand on the envelope; the country last, in capitals, where it is not the sender's."""
    country = COUNTRIES[address["country"]]
    last = [" ".join(line.split()).strip(" ,") for line in country.last.format(**address).split("\n")]
    abroad = country.name.upper() if address["country"] != sender else ""
    street = (address["address_line_1"], address["address_line_2"])
    return [line for line in (full_name(address), address["company"], *street, *last, abroad) if line]


def household(address: Mapping[str, str]) -> str:
    """The same for all who have one letter box, as far as the text of an address tells."""
    parts = (
        address["address_line_1"],
        address["address_line_2"],
        address["postal_code"] or address["city"],
        address["country"],
    )
    return "|".join(re.sub(r"[\W_]+", "", part.casefold()) for part in parts)
