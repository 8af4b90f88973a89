"""Names of people: capitals, titles, order, placeholders, and companies among people. Each distinct pair once."""

import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache

import regex

from people.cleansing.letters import capitalised, is_one_case
from people.cleansing.name_words import (
    AFTER,
    COMPANY_WORDS,
    EAST_ASIAN_COMPANIES,
    GENERATIONS,
    HONORIFICS,
    LEGAL_FORMS,
    PERHAPS_PLACEHOLDERS,
    PLACEHOLDERS,
    SHORT_LEGAL_FORMS,
    TITLES,
)

LONGEST = 100  # signs of a name; the longest that registries know have some 70
UNSEEN = regex.compile(r"[\p{Cc}\p{Cs}\p{Co}\u00ad\u034f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
JOINERS = regex.compile(r"^[\u200c\u200d]+|[\u200c\u200d]+$")  # within a word Persian and Hindi need them
SYMBOLS = regex.compile(r"[\p{Extended_Pictographic}\p{So}\p{Sm}\ufe0f\U0001f1e6-\U0001f1ff--[0-9#*]]", regex.V1)
LETTER = regex.compile(r"\p{L}")
NO_NAME = regex.compile(r"@|://|www\.|<|>|\\|\{|\$|;|=|\b(?:select|drop|script|alert)\b *[(/ ]", regex.IGNORECASE)
REPEATED = regex.compile(r"^(\p{L})\1{2,}$")
DIGITS = regex.compile(r"\p{Nd}")
OUTER = ' \t,;.*"“”„()[]_-–'
Words = frozenset[str]
Flags = dict[tuple[str, str], None]  # (column, flag), in order


@dataclass
class Name:
    """A pair as it is cleaned, and why."""

    first: str | None
    last: str | None
    company: str | None = None
    flags: Flags = field(default_factory=dict)

    def flag(self, column: str, flag: str) -> None:
        self.flags[(column, flag)] = None

    def flag_both(self, flag: str) -> None:
        self.flag("first_name", flag)
        self.flag("last_name", flag)


def clean_name(first: str | None, last: str | None, country: str = "", placeholders: Words = frozenset()) -> Name:
    """`first` and `last` as a source says them -> as they are written, NULL where nobody is named.

    placeholders   words of a company's own that stand for nobody, in small letters
    """
    name = Name(first, last)
    if is_company(first, last):
        whole = " ".join(" ".join(part for part in (first, last) if part).split())
        name.first, name.last, name.company = None, None, _seen(whole) if len(whole) <= LONGEST else None
        for column in (c for c, value in (("first_name", first), ("last_name", last)) if value):
            name.flag(column, "company")
        return name
    _reorder(name)
    name.first = _part(name, "first_name", name.first, country, placeholders)
    name.last = _part(name, "last_name", name.last, country, placeholders)
    _judge_together(name)
    return name


def is_company(first: str | None, last: str | None) -> bool:
    """A legal form at the end of either part, or of both together."""
    for text in {first, last, f"{first} {last}" if first and last else None}:
        if not text or len(text) > LONGEST:
            continue
        text = text.strip()
        if len(text.split()) > 1 and (LEGAL_FORMS.search(text) or EAST_ASIAN_COMPANIES.search(text)):
            return True
        if EAST_ASIAN_COMPANIES.search(text) or (not text.isupper() and SHORT_LEGAL_FORMS.search(text)):
            return True
    return False


def _reorder(name: Name) -> None:
    """`Smith, John` in one field of an empty other, or `Smith,` before `John`: the family's name comes first there."""
    first, last = name.first, name.last
    if first and last and first.rstrip().endswith(",") and "," not in last:
        name.first, name.last = last, first.rstrip().rstrip(",")
        name.flag_both("swapped")
        return
    whole = first if not last else last if not first else None
    if not whole or whole.count(",") != 1 or len(whole) > LONGEST:
        return
    family, _, given = (part.strip() for part in whole.partition(","))
    if family and given and given.casefold() not in GENERATIONS and given.casefold() not in AFTER:
        name.first, name.last = given, family
        name.flag_both("swapped")


def _part(name: Name, column: str, value: str | None, country: str, placeholders: Words) -> str | None:
    if value is None:
        return None
    cleaned, flags = _cleaned(value, country, column == "last_name", placeholders)
    for flag in flags:
        name.flag(column, flag)
    return cleaned


@lru_cache(maxsize=200_000)
def _cleaned(value: str, country: str, is_family: bool, placeholders: Words) -> tuple[str | None, tuple[str, ...]]:
    if len(value) > LONGEST:
        return None, ("too_long",)
    seen, flags = _seen(value), []
    if seen != value:
        flags.append("signs")
    if is_placeholder(seen) or seen.casefold() in placeholders:
        return None, ("placeholder",)
    if not LETTER.search(seen) or NO_NAME.search(seen) or len(DIGITS.findall(seen)) * 2 >= len(seen):
        return None, ("no_name",)
    without = _without_titles(seen)
    if without != seen:
        flags.append("title")
    if not without:
        return None, tuple(flags)
    if is_one_case(without) and (cased := capitalised(without, country, is_family)) != without:
        without, flags = cased, [*flags, "case"]
    return without, tuple(flags)


def _seen(value: str) -> str:
    """What a reader sees of it: composed, without marks that nobody sees, and single spaces."""
    text = SYMBOLS.sub(
        " ", UNSEEN.sub(" " if "\n" in value or "\t" in value else "", unicodedata.normalize("NFC", value))
    )
    return JOINERS.sub("", " ".join(text.split())).strip(' ,;*"“”„_') if text else ""


def is_placeholder(text: str) -> bool:
    """Words for nobody in many languages, one sign again and again, rows of a keyboard."""
    plain = text.casefold().strip()
    return plain in PLACEHOLDERS or plain.strip(OUTER) in PLACEHOLDERS or bool(REPEATED.match(plain))


def _without_titles(text: str) -> str:
    words = text.split(" ")
    while words and words[0].casefold().rstrip(",") in TITLES:
        words = words[1:]
    while len(words) > 1 and words[-1].casefold().strip(",") in AFTER:
        words = words[:-1]
    return HONORIFICS.sub("", " ".join(words).rstrip(","))


def _judge_together(name: Name) -> None:
    """What one part says of the other: a family's name that stands twice, words that are names of some."""
    first, last = name.first, name.last
    if first and last and first != last and first.casefold().endswith(" " + last.casefold()):
        name.first = first[: -len(last) - 1].rstrip()
        name.flag("first_name", "repeated")
    doubtful = {
        c: v for c, v in (("first_name", first), ("last_name", last)) if v and v.casefold() in PERHAPS_PLACEHOLDERS
    }
    given = [value for value in (first, last) if value]
    for column in doubtful:
        if len(doubtful) == len(given):
            setattr(name, column.removesuffix("_name"), None)
            name.flags.pop((column, "case"), None)
            name.flag(column, "placeholder")
        else:
            name.flag(column, "maybe_placeholder")
    words = {word for value in given for word in value.casefold().split()}
    if words & COMPANY_WORDS:
        name.flag("last_name" if last else "first_name", "maybe_company")
