"""Countries, languages and time zones by the codes that everybody knows: ISO 3166, BCP 47, IANA."""

from functools import cache
from zoneinfo import available_timezones

from babel import Locale, UnknownLocaleError
from babel.core import get_global

from core.countries import LANGUAGES, country_code, plain_letters
from people.cleansing.values import Answer


def country_answer(value: str | None) -> Answer:
    """ISO 3166-1 alpha-2; NULL where it is no country's name or code."""
    if value is None:
        return Answer(None)
    code = country_code(value)
    return Answer(code, () if code == value else ("code",) if code else ("unknown",))


def language_answer(value: str | None) -> Answer:
    """`en_gb`, `eng`, `English`, `Deutsch` -> en-GB, en, en, de; NULL where it is no language."""
    if value is None:
        return Answer(None)
    tag = language_tag(value)
    return Answer(tag, () if tag == value else ("code",) if tag else ("unknown",))


def language_tag(value: str) -> str | None:
    text = value.strip().partition(";")[0].partition(",")[0].partition(".")[0].strip()  # en-GB,en;q=0.9 and de_DE.UTF-8
    if not text or len(text) > 60:
        return None
    try:
        first, *rest = text.replace("_", "-").split("-")
        first = _threeplain_letters().get(first.lower(), first.lower()) if len(first) == 3 else first.lower()
        locale = Locale.parse("-".join([first, *rest]), sep="-")
    except (ValueError, UnknownLocaleError, TypeError):
        return _names().get(plain_letters(text))
    parts = [locale.language, locale.script if "-" in text and _has_script(rest) else None, locale.territory]
    return "-".join(part for part in parts if part)


def _has_script(rest: list[str]) -> bool:
    return any(len(part) == 4 and part.isalpha() for part in rest)


@cache
def _threeplain_letters() -> dict[str, str]:
    import pycountry

    codes: dict[str, str] = {}
    for language in pycountry.languages:
        if two := getattr(language, "alpha_2", None):
            codes |= {language.alpha_3: two, getattr(language, "bibliographic", language.alpha_3): two}
    return codes


@cache
def _names() -> dict[str, str]:
    names: dict[str, str] = {}
    for language in LANGUAGES:
        for code, name in Locale.parse(language).languages.items():
            names.setdefault(plain_letters(name), code.replace("_", "-"))
    return names


def time_zone_answer(value: str | None) -> Answer:
    """An IANA name in its own spelling; Windows' names are translated; an offset is no zone, and so NULL."""
    if value is None:
        return Answer(None)
    zone = _zones().get(value.strip().casefold())
    return Answer(zone, () if zone == value else ("code",) if zone else ("unknown",))


@cache
def _zones() -> dict[str, str]:
    zones = {zone.casefold(): zone for zone in available_timezones() if "/" in zone or zone == "UTC"}
    windows = {name.casefold(): zone for name, zone in get_global("windows_zone_mapping").items()}
    return windows | zones
