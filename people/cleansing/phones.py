"""Telephone numbers in E.164: whether the country's code fits the address, and the time zone where it is rung."""

from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from people.cleansing.values import Answer, Answers, answered

FIRST_DIGITS = 9  # as far as libphonenumber's table of time zones looks


def phone_answers(phones: pa.Array, countries: pa.Array) -> Answers:
    """The number itself; `other_country` where its country's code is not that of the address."""
    starts = pc.utf8_slice_codeunits(phones, 1, 4)
    return Answers(phones, answered(_judged, starts, countries).flags, pa.nulls(len(phones), pa.string()))


def _judged(start: str | None, country: str | None) -> Answer:
    regions = _regions(start) if start else ()
    return Answer(None, ("other_country",) if country and regions and country not in regions else ())


@cache
def _regions(start: str) -> tuple[str, ...]:
    """The countries that share the country's code which a number begins with."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE as REGIONS

    return next((REGIONS[int(start[:n])] for n in (1, 2, 3) if start[:n].isdigit() and int(start[:n]) in REGIONS), ())


def phone_zones(phones: pa.Array) -> pa.Array:
    """The time zone of a number's first digits, where all that begin so lie in one."""
    return answered(_zone, pc.utf8_slice_codeunits(phones, 1, 1 + FIRST_DIGITS)).values


def _zone(start: str | None) -> Answer:
    from phonenumbers.tzdata import TIMEZONE_DATA

    if not start:
        return Answer(None)
    found = next((TIMEZONE_DATA[start[:n]] for n in range(len(start), 0, -1) if start[:n] in TIMEZONE_DATA), ())
    return Answer(found[0] if len(found) == 1 else None)
