"""Countries by their names in many languages and their codes, and the time zone of those that have one."""

import unicodedata
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pyarrow as pa
from babel import Locale
from babel.core import get_global

LANGUAGES = """en de fr es it pt nl sv da nb fi is pl cs sk sl hr sr hu ro bg el tr ru uk lt lv et ga cy mt ar he fa hi
ja ko zh zh_Hant th vi id ca eu gl""".split()  # noqa: SIM905 - readable as words
# what people write and no standard lists
USUAL = {
    "uk": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "northernireland": "GB", "greatbritain": "GB",
    "britain": "GB", "grossbritannien": "GB", "grandebretagne": "GB", "angleterre": "GB", "schottland": "GB",
    "holland": "NL", "thenetherlands": "NL", "usa": "US", "us": "US", "unitedstatesofamerica": "US", "america": "US",
    "uae": "AE", "korea": "KR", "southkorea": "KR", "russia": "RU", "czechrepublic": "CZ", "eire": "IE",
    "republicofireland": "IE", "brd": "DE", "brasil": "BR", "macedonia": "MK", "turkey": "TR", "burma": "MM",
    "vatican": "VA", "ivorycoast": "CI", "swaziland": "SZ", "capeverde": "CV", "el": "GR",
}  # fmt: skip
YEAR = 2026  # whose clock changes say whether a country's zones show the same time


def country_code(value: str) -> str | None:
    """`Deutschland`, `DEU`, `de`, `Allemagne` -> DE; a plain two-letter code is itself."""
    plain = value.strip()
    if len(plain) == 2 and plain.upper() in _codes():
        return plain.upper()
    return _names().get(plain_letters(plain)) if len(plain) <= 100 else None


def plain_letters(text: str) -> str:
    """Small letters without accents, blanks and points: what two spellings of a name have in common."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in parts if sign.isalnum() and not unicodedata.combining(sign))


@cache
def _codes() -> frozenset[str]:
    import pycountry

    return frozenset(country.alpha_2 for country in pycountry.countries) | {"XK"}


@cache
def _names() -> dict[str, str]:
    import pycountry

    names: dict[str, str] = {}
    for language in LANGUAGES:
        for code, name in Locale.parse(language).territories.items():
            if code in _codes():
                names.setdefault(plain_letters(name), code)
    for country in pycountry.countries:
        for key in ("alpha_3", "name", "official_name", "common_name"):
            if text := getattr(country, key, None):
                names[plain_letters(text)] = country.alpha_2
    return names | USUAL


def country_codes(names: pa.Array) -> pa.Array:
    """(n,) text -> (n,) ISO 3166-1 alpha-2, NULL where it is no country; each distinct name is looked up once."""
    encoded = names.dictionary_encode()
    codes = [None if name is None else country_code(name) for name in encoded.dictionary.to_pylist()]
    return pa.array(codes, pa.string()).take(encoded.indices)


@cache
def zone_of_country(code: str) -> str | None:
    """The zone of a country in all of which clocks show the same time (Germany has two zones of one time)."""
    zones = [zone for zone in get_global("territory_zones").get(code, []) if zone in available_timezones()]
    times = {
        tuple(datetime(YEAR, month, 15, tzinfo=ZoneInfo(zone)).utcoffset() for month in (1, 4, 7, 10)) for zone in zones
    }
    return zones[0] if len(times) == 1 else None
