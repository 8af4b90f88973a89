"""Postal addresses: the code as its country writes it, capitals of towns, and one line taken apart."""

from dataclasses import dataclass
from functools import cache

import regex

from core.countries import country_code
from people.cleansing.letters import capitalised, is_one_case
from people.cleansing.names import is_placeholder
from people.cleansing.values import Answer

# how many signs stand before the blank or hyphen of a postal code
PARTED = {"CA": (3, " "), "NL": (4, " "), "SE": (3, " "), "CZ": (3, " "), "SK": (3, " "), "GR": (3, " "),
          "IE": (3, " "), "PL": (2, "-"), "PT": (4, "-"), "BR": (5, "-"), "JP": (3, "-")}  # fmt: skip
# a digit less, and a spreadsheet has taken the first nought away
FIVE_DIGITS = frozenset(["DE", "FR", "IT", "ES", "US", "MX", "FI", "EE", "TR", "HR", "LT", "UA", "RS"])
LETTERED = {  # codes that are like no other country's
    "GB": r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}", "CA": r"[A-Z]\d[A-Z] ?\d[A-Z]\d", "NL": r"[1-9]\d{3} ?[A-Z]{2}",
}  # fmt: skip
DIGITS = r"\d{5}(?:-\d{4})?|\d{4}(?:-\d{3})?|\d{3} \d{2}|\d{2}-\d{3}|\d{3}-\d{4}"
LONGEST = 300  # signs of an address that is looked through
STATE = regex.compile(r"^(?P<city>.*?)[, ]+(?P<state>[A-Z]{2,3})$")
IN_A_ROW = regex.compile(r"^(?P<street>.+?\s\d+\s?[a-z]?)\s+(?P<code>\d{4,5})\s+(?P<city>\p{L}.+)$", regex.IGNORECASE)


@dataclass(frozen=True)
class Address:
    street: str | None = None
    city: str | None = None
    postal_code: str | None = None
    region: str | None = None
    country: str | None = None


def city_answer(city: str | None, country: str | None) -> Answer:
    if city is None or is_placeholder(city):
        return Answer(None, ("placeholder",) if city else ())
    if is_one_case(city) and len(city) > 3:
        cased = capitalised(city, country or "", is_family=False)
        return Answer(cased, () if cased == city else ("case",))
    return Answer(city)


def text_answer(value: str | None) -> Answer:
    """A part whose spelling is left: only words for nothing go."""
    is_nothing = value is not None and is_placeholder(value)
    return Answer(None if is_nothing else value, ("placeholder",) if is_nothing else ())


def code_answer(stated: str | None, country: str | None) -> Answer:
    if stated is None:
        return Answer(None)
    code, flag = postal_code(stated, country or "")
    return Answer(code, (flag,) if flag else ())


def postal_code(stated: str, country: str) -> tuple[str | None, str | None]:
    """The code as its country writes it, and `form`, `nought` or `invalid`; that of an unknown country as it stands."""
    pattern = _pattern(country)
    if pattern and stated.isdecimal() and country not in PARTED and stated.strip("0") and pattern.fullmatch(stated):
        return stated, None  # as most are
    if is_placeholder(stated) or not regex.search(r"\w", stated) or regex.fullmatch(r"0+", stated):
        return None, "placeholder"
    plain = (
        regex.sub(rf"^(?:{country}|D|A|F|CH|I|L|B|NL)-(?=\d)", "", stated.strip().upper())
        if country
        else stated.strip()
    )
    if pattern is None:
        return plain, None if plain == stated else "form"
    code = _parted(regex.sub(r"[\s.\-–]+", "", plain), country)
    for candidate, flag in ((plain, "form"), (code, "form"), ("0" + code, "nought")):
        if flag == "nought" and not (country in FIVE_DIGITS and regex.fullmatch(r"\d{4}", code)):
            continue
        if pattern.fullmatch(candidate) and (candidate == code or flag == "nought"):
            return candidate, None if candidate == stated else flag
    return (plain, None if plain == stated else "form") if pattern.fullmatch(plain) else (stated, "invalid")


def _parted(code: str, country: str) -> str:
    if country == "GB":
        return f"{code[:-3]} {code[-3:]}"
    if country == "US" and len(code) == 9:
        return f"{code[:5]}-{code[5:]}"
    if country in PARTED and len(code) > PARTED[country][0]:
        place, sign = PARTED[country]
        return code[:place] + sign + code[place:]
    return code


@cache
def _pattern(country: str) -> "regex.Pattern[str] | None":
    from postal_codes_tools.formats_constants import POSTAL_CODES_REGEX

    text = POSTAL_CODES_REGEX.get(country)
    return regex.compile(f"(?:{text.strip('^$')})") if text else None


def taken_apart(line: str, country: str | None) -> Address | None:
    """`12 High Street, Leeds LS1 4AP, UK` -> its parts; None where the line is not understood."""
    if len(line) > LONGEST:
        return None
    parts = [part for piece in line.splitlines() for p in piece.split(",") if (part := " ".join(p.split()))]
    if len(parts) > 2 and (named := country_code(parts[-1])):
        country, parts = country or named, parts[:-1]
    if len(parts) == 1 and (row := IN_A_ROW.match(parts[0])):
        parts = [row["street"], f"{row['code']} {row['city']}"]
    for place in range(len(parts) - 1, 0, -1):
        if place < len(parts) - 2 or not (found := _code_in(parts[place], country)):
            continue
        code, rest, known = found
        is_alone = not rest or (regex.fullmatch(r"[A-Z]{2,3}", rest) and place > 1)  # Leeds, LS1 4AP · Austin, TX 78701
        city, before = (f"{parts[place - 1]} {rest}".strip(), place - 1) if is_alone else (rest, place)
        if not before:
            return None
        after = parts[place + 1] if place + 1 < len(parts) else None
        return _assembled(", ".join(parts[:before]), code, city, country or known, after)
    return None


def _code_in(part: str, country: str | None) -> tuple[str, str, str | None] | None:
    """(code, the rest of the part, whose it is) of a part that begins or ends with a postal code."""
    patterns = {c: p for c, p in LETTERED.items() if country in (None, c)} | {None: DIGITS}
    for known, pattern in patterns.items():
        if match := regex.fullmatch(rf"(?:[A-Z]{{1,2}}-)?(?P<code>{pattern})(?: (?P<rest>\D+))?", part):
            return match["code"], match["rest"] or "", known
        if match := regex.fullmatch(rf"(?P<rest>\D+?) (?P<code>{pattern})", part):
            return match["code"], match["rest"], known
    return None


def _assembled(street: str, code: str, city: str, country: str | None, after: str | None) -> Address:
    """`after` is what stands between the town and the country: a region."""
    if country in ("US", "CA", "AU") and (state := STATE.match(city)):
        return Address(street, state["city"], code, state["state"], country)
    return Address(street, city, code, after, country)
