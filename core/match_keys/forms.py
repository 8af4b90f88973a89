"""The forms in which identifiers are written for a destination: columns in, columns out. Which one wants which:
match_rules.py.

The letters before the sources (G, GL, M, …) are those of match_rules.py.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from types import MappingProxyType as Frozen
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from core.identifiers import normalise_emails, normalise_phones
from core.match_keys.phones import metadata, regions_by_code

NO_COUNTRY = (
    "ZZ"  # CLDR and phonenumbers: unknown region. A number without a country code is then unusable, never guessed
)
# dropped everywhere: controls, soft hyphen, zero-width space, direction marks, word joiner, byte order mark, tags
INVISIBLE = (
    r"[\x00-\x08\x0e-\x1b\x7f\x{80}-\x{84}\x{86}-\x{9f}\x{ad}\x{61c}\x{180e}\x{200b}\x{200e}\x{200f}\x{202a}-\x{202e}"
    r"\x{2060}-\x{2064}\x{2066}-\x{206f}\x{feff}\x{fff9}-\x{fffb}\x{e0000}-\x{e007f}]+"
)
SPACES = (  # all of Unicode's white space but the space itself
    r"[\t\n\x0b\f\r\x1c-\x1f\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]"
)
COMPOSING = r"[\p{M}\x{1100}-\x{11ff}]"  # what a character before it can be composed with: marks, and jamo of Hangul
JOINERS = "\u200c\u200d"  # part of the spelling inside Persian and Indic words, nothing at their edges
NOT_LETTERS = r"[^\p{L}\p{M}\p{N}\x{200c}\x{200d}]+"
# GL's list; with or without the dot before a name
TITLE = r"^(?:(?:mr|mrs|ms|dr)(?:\.\s*|\s+|\.?$))+|\s+(?:mr|mrs|ms|dr)\.$"
SUFFIX = r"(?:(?:,\s*|\s+)(?:jr\.?|sr\.?|2nd|3rd|ii|iii|iv|v|vi|cpa|dc|dds|vm|jd|md|phd))+$"  # GL's list
GMAIL = r"@(?:gmail|googlemail)\.com$"  # G: these two domains only
UUID = r"^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$"

Form: TypeAlias = Callable[[pa.Array, pa.Array], tuple[pa.Array, pa.Array | str]]
"""(n,) cleaned text or NULL, (n,) ISO country or NO_COUNTRY -> (n,) normal text, NULL or "" where unusable; the fault,
one or (n,)."""


def substitute(values: pa.Array, pattern: str, new: str) -> pa.Array:
    """RE2 replacement that copies only the rows it changes: most rows need none."""
    hit = pc.match_substring_regex(values, pattern).fill_null(False)
    if not pc.any(hit).as_py():
        return values
    return pc.replace_with_mask(values, hit, pc.replace_substring_regex(values.filter(hit), pattern, new))


def is_ascii(values: pa.Array) -> bool:
    return pc.all(pc.string_is_ascii(values)).as_py() is not False


def lower(values: pa.Array) -> pa.Array:
    """Unicode's full default mapping, in every locale: İ is i and a dot above, as in Python and JavaScript; Arrow alone
    makes it i.
    """
    if is_ascii(values):
        return pc.ascii_lower(values)
    special = pc.match_substring_regex(values, "[İΣ]").fill_null(False)
    exact = pa.array([v.lower() for v in values.filter(special).to_pylist()], pa.string())
    return recomposed(pc.replace_with_mask(pc.utf8_lower(values), special, exact))


def recomposed(values: pa.Array) -> pa.Array:
    """NFC again, of NFC that was changed: J and caron are two characters, their lower case is one."""
    hit = pc.match_substring_regex(values, COMPOSING).fill_null(False)
    return pc.replace_with_mask(values, hit, pc.utf8_normalize(values.filter(hit), "NFC"))


def single(values: pa.Array) -> pa.Array:
    return substitute(values, "  +", " ")


def address(values: pa.Array, _: pa.Array) -> tuple[pa.Array, str]:
    """Domains in punycode: Meta's builder takes no other, and one spelling must give one key."""
    addresses = normalise_emails(lower(values))
    odd = pc.invert(pc.string_is_ascii(addresses)).fill_null(False)
    if pc.any(odd).as_py():
        ascii_domains = pa.array([_ascii_domain(v) for v in addresses.filter(odd).to_pylist()], pa.string())
        addresses = pc.replace_with_mask(addresses, odd, ascii_domains)
    return addresses, "no address"


def _ascii_domain(value: str) -> str:
    from email_validator import validate_email

    return f"{value.rpartition('@')[0]}@{validate_email(value, check_deliverability=False).ascii_domain}"


def address_tight(values: pa.Array, countries: pa.Array) -> tuple[pa.Array, str]:
    return address(substitute(values, " ", ""), countries)


def address_gmail(values: pa.Array, countries: pa.Array) -> tuple[pa.Array, str]:
    addresses, fault = address_tight(values, countries)
    gmail = pc.match_substring_regex(addresses, GMAIL).fill_null(False)
    theirs = addresses.filter(gmail)
    local = pc.replace_substring(pc.replace_substring_regex(theirs, r"[+@].*$", ""), ".", "")
    whole = pc.binary_join_element_wise(local, pc.replace_substring_regex(theirs, "^.*@", "@"), "")
    return pc.replace_with_mask(addresses, gmail, pc.if_else(pc.equal(local, ""), None, whole)), fault


@cache
def iso_countries() -> frozenset[str]:
    """ISO 3166-1 alpha-2 of every country with telephones, as phonenumbers has them (with XK); UK and EL are not among
    them.
    """
    from phonenumbers import SUPPORTED_REGIONS  # a tenth of a second, for those who prepare something

    return frozenset(SUPPORTED_REGIONS)


@cache
def e164() -> str:
    """Every calling code with the lengths its numbers can have, as phonenumbers knows them: no trunk zero, 15 digits at
    most (ITU E.164).
    """
    codes: dict[tuple[int, ...], list[str]] = {}
    for code, (main, *_) in regions_by_code().items():
        plan = metadata(main, code)
        lengths = plan.general_desc.possible_length if plan and plan.general_desc else ()
        rest = tuple(n - 1 for n in lengths if 1 < n <= 15 - len(str(code)))
        codes.setdefault(rest, []).append(str(code))
    plans = [
        f"(?:{'|'.join(c)})[1-9](?:{'|'.join(f'[0-9]{{{n}}}' for n in rest)})" for rest, c in codes.items() if rest
    ]
    return rf"^\+(?:{'|'.join(plans)})$"


def phone(values: pa.Array, countries: pa.Array) -> tuple[pa.Array, pa.Array | str]:
    """E.164 as our warehouse holds it passes by its length; everything else, trunk zeros too, is read by
    phonenumbers.
    """
    is_e164 = pc.match_substring_regex(values, e164()).fill_null(False)
    odd = pc.and_(values.is_valid(), pc.invert(is_e164))
    if not pc.any(odd).as_py():
        return values, ""
    text, home = values.filter(odd), countries.filter(odd)
    numbers = pc.replace_with_mask(values, odd, normalise_phones(text, NO_COUNTRY, home))
    fault = pc.binary_join_element_wise("cannot exist in", home, " ")
    fault = pc.if_else(pc.equal(home, NO_COUNTRY), "no country code, and the person's country is not known", fault)
    fault = pc.if_else(pc.starts_with(text, "+"), "cannot exist", fault)
    fault = pc.if_else(pc.match_substring_regex(text, r"\p{Nd}"), fault, "no number")
    return numbers, pc.replace_with_mask(pa.nulls(len(values), pa.string()), odd, fault)


def digits(values: pa.Array, countries: pa.Array) -> tuple[pa.Array, pa.Array | str]:
    numbers, fault = phone(values, countries)
    return pc.utf8_ltrim(numbers, "+"), fault


def with_letters(values: pa.Array) -> pa.Array:
    letter = "[A-Za-z]" if is_ascii(values) else r"\p{L}"  # RE2 takes milliseconds to compile what Unicode has
    return pc.if_else(pc.match_substring_regex(values, letter), values, None)


def unpunctuated(values: pa.Array) -> pa.Array:
    """Letters, marks and digits of a lower-case text; nothing between them."""
    return substitute(values, "[^a-z0-9]+", "") if is_ascii(values) else recomposed(substitute(values, NOT_LETTERS, ""))


def letters(values: pa.Array, _: pa.Array) -> tuple[pa.Array, str]:
    return with_letters(unpunctuated(lower(values))), "no letters"


def untitled(values: pa.Array, _: pa.Array) -> tuple[pa.Array, str]:
    return with_letters(substitute(single(lower(values)), TITLE, "")), "no name in it"


def unsuffixed(values: pa.Array, _: pa.Array) -> tuple[pa.Array, str]:
    return with_letters(substitute(single(lower(values)), SUFFIX, "")), "no name in it"


def words(values: pa.Array, _: pa.Array) -> tuple[pa.Array, str]:
    plain = substitute(lower(values), r"[\p{P}\p{S}]+", "")
    return recomposed(pc.utf8_trim(single(plain), " " + JOINERS)), "only symbols"


def as_written(values: pa.Array, _: pa.Array) -> tuple[pa.Array, str]:
    plain = with_letters(single(values))
    return pc.if_else(pc.less_equal(pc.utf8_length(plain), 35), plain, None), "no name, or more than 35 characters"


def uuid(values: pa.Array, _: pa.Array) -> tuple[pa.Array, pa.Array]:
    lowered = pc.ascii_lower(values)
    zeros = pc.match_substring_regex(lowered, "^[0-]+$")  # what a telephone gives whose owner refused tracking
    usable = pc.and_(pc.match_substring_regex(lowered, UUID), pc.invert(zeros))
    return pc.if_else(usable, lowered, None), pc.if_else(zeros, "all zeros", "no UUID with its dashes")


def state(values: pa.Array, countries: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Names of US states are not translated: a code is asked for, and a guess would match strangers."""
    codes, _ = letters(values, countries)
    wrong = pc.and_(pc.equal(countries, "US"), pc.not_equal(pc.binary_length(codes), 2)).fill_null(False)
    return pc.if_else(wrong, None, codes), pc.if_else(wrong, "no two-letter US state code", "no letters")


def postal_written(values: pa.Array, countries: pa.Array) -> tuple[pa.Array, str]:
    wrong = pc.and_(pc.equal(countries, "US"), pc.invert(pc.match_substring_regex(values, "^[0-9]{5}(?:-?[0-9]{4})?$")))
    usable = pc.and_(pc.invert(wrong), pc.match_substring_regex(values, r"[\p{L}\p{N}]"))
    return pc.if_else(usable, values, None), "none of that country"


def postal_tight(values: pa.Array, countries: pa.Array) -> tuple[pa.Array, str]:
    codes, fault = postal_written(values, countries)
    long = pc.match_substring_regex(values, "^[0-9]{5}-[0-9]{4}$")  # ZIP+4, wherever the person is said to live
    long = pc.or_(long, pc.equal(countries, "US"))
    tight = unpunctuated(lower(codes))
    return pc.if_else(long, pc.utf8_slice_codeunits(tight, 0, 5), tight), fault


def postal_digits(values: pa.Array, countries: pa.Array) -> tuple[pa.Array, str]:
    tight, _ = postal_tight(values, countries)
    return pc.if_else(pc.match_substring_regex(tight, "^[0-9]+$"), tight, None), "not of digits only"


def iso_upper(values: pa.Array, _: pa.Array = None) -> tuple[pa.Array, str]:
    code = pc.ascii_upper(values)
    return pc.if_else(pc.is_in(code, pa.array(list(iso_countries()))), code, None), "no ISO 3166-1 alpha-2 code"


def iso_lower(values: pa.Array, countries: pa.Array) -> tuple[pa.Array, str]:
    code, fault = iso_upper(values, countries)
    return pc.ascii_lower(code), fault


def gender(letter_by_word: Mapping[str, str]) -> Form:
    """Only words that mean a letter; whatever else is given is nobody's m (rudder-transformer makes it one)."""
    spellings, chosen_letters = pa.array(list(letter_by_word)), pa.array(list(letter_by_word.values()))
    return lambda values, _: (
        chosen_letters.take(pc.index_in(pc.ascii_lower(values), spellings)),
        f"none of {', '.join(sorted(set(letter_by_word.values())))}",
    )


M_F = {"m": "m", "male": "m", "f": "f", "female": "f"}


def yyyymmdd(values: pa.Array, _: pa.Array) -> tuple[pa.Array, pa.Array]:
    codes = values.dictionary_encode()  # a century has 36,525 days: Python once a day
    parsed = [_birth_date(v) for v in codes.dictionary.to_pylist()]
    dates, faults = (pa.array(side, pa.string()) for side in (zip(*parsed, strict=True) if parsed else ((), ())))
    return dates.take(codes.indices), faults.take(codes.indices)


def _birth_date(value: str) -> tuple[str | None, str | None]:
    """ISO 8601 with or without its dashes, or year last where day and month cannot be confused (M: 2/16/1997)."""
    if iso := re.fullmatch(r"(\d{4})([-/.]?)(\d\d)\2(\d\d)(?:[T ]00:00(?::00(?:\.0+)?)?Z?)?", value, re.ASCII):
        year, month, day = int(iso[1]), int(iso[3]), int(iso[4])
    elif last := re.fullmatch(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})", value, re.ASCII):
        day, month, year = int(last[1]), int(last[3]), int(last[4])
        if day <= 12 and month <= 12 and day != month:
            return None, "day and month cannot be told apart"
        day, month = (day, month) if month <= 12 else (month, day)
    else:
        return None, "no date"
    try:
        born = date(year, month, day)
    except ValueError:
        return None, "no such day"
    if not 1900 <= year <= date.today().year:  # M: from 1900 to the current year
        return None, "before 1900" if year < 1900 else "after today's year"
    return f"{born:%Y%m%d}", None


FORMS: Mapping[str, Form] = Frozen(
    {
        "address": address,
        "address_tight": address_tight,
        "address_gmail": address_gmail,
        "e164": phone,
        "digits": digits,
        "letters": letters,
        "untitled": untitled,
        "unsuffixed": unsuffixed,
        "words": words,
        "written": as_written,
        "lower": lambda values, _: (with_letters(single(lower(values))), "no letters"),
        "state": state,
        "postal_written": postal_written,
        "postal_tight": postal_tight,
        "postal_digits": postal_digits,
        "iso_upper": iso_upper,
        "iso_lower": iso_lower,
        "yyyymmdd": yyyymmdd,
        "m_f": gender(M_F),
        "m_f_n": gender(M_F | {"n": "n", "non-binary": "n", "nonbinary": "n"}),
        "uuid": uuid,
        "opaque": lambda values, _: (values, ""),
    }
)
