"""Capitals of names: ANN O'NEIL, van der berg, MCDONALD. What is written in both cases is left as it is."""

import regex

from people.cleansing.name_words import (
    ARTICLES,
    CAPITAL_PARTICLES,
    GENERATIONS,
    MACS,
    NO_PARTICLES,
    PARTICLES,
    TURKISH,
)

CASED = regex.compile(r"[\p{Latin}\p{Greek}\p{Cyrillic}\p{Armenian}]")  # scripts whose names begin with a capital
TOKEN = regex.compile(r"[^\s\-‐–]+|[\s\-‐–]+")
ELIDED = regex.compile(r"^([odlnmcs])(['’ʼ`´])(.+)$", regex.IGNORECASE)
INITIALS = regex.compile(r"^(?:\p{L}\.)+\p{L}?$")
VOWELS = regex.compile(r"[aeiouyäöüàáâãåæèéêëìíîïòóôõøùúûýœаеёиоуыэюяієїαεηιουω]", regex.IGNORECASE)
TWO_LETTERS = frozenset({"aj", "tj", "ej", "oj", "jo-jo", "da", "ii", "iv"})  # initials, though one is a vowel


def is_one_case(name: str) -> bool:
    """Whether its capitals say nothing: ANN, ann, or aNN of a caps lock; of scripts that have capitals."""
    if not CASED.search(name):
        return False
    letters = [sign for sign in name if sign.isupper() or sign.islower()]
    if len(letters) < 2:
        return bool(letters) and letters[0].islower()
    rest = letters[1:]
    return all(s.isupper() for s in rest) or (letters[0].islower() and all(s.islower() for s in rest))


def capitalised(name: str, country: str = "", is_family: bool = True) -> str:
    """A name of one case as it is written; `country` settles particles (De Luca, de Vries) and the Turkish i."""
    if len(name) == 2 and name.isupper() and (not VOWELS.search(name) or name.lower() in TWO_LETTERS):
        return name  # JP, AJ: initials
    is_turkish = country in TURKISH or "İ" in name or "Ğ" in name
    plain = _lower(name, is_turkish)
    parts = TOKEN.findall(plain)
    words = [place for place, part in enumerate(parts) if not regex.match(r"[\s\-‐–]", part)]
    for place in words:
        before = parts[place - 1] if place else " "
        is_first, is_last = place == words[0], place == words[-1]
        if not is_last and _is_particle(parts[place], before, is_first, country, is_family):
            continue
        word = _word(parts[place], is_last and not is_first)
        parts[place] = "İ" + word[1:] if is_turkish and parts[place][0] == "i" else word
    return "".join(parts)


def _lower(name: str, is_turkish: bool) -> str:
    if is_turkish:
        name = name.replace("İ", "i").replace("I", "ı")
    return name.lower()


def _is_particle(word: str, before: str, is_first: bool, country: str, is_family: bool) -> bool:
    if word not in PARTICLES or country in NO_PARTICLES or (is_first and not is_family):
        return False
    if not is_first:
        return True
    return word not in ARTICLES and country not in CAPITAL_PARTICLES and before.isspace()


def _word(word: str, is_end: bool) -> str:
    if is_end and word in GENERATIONS:
        return GENERATIONS[word]
    if INITIALS.match(word):
        return word.upper()
    if elided := ELIDED.match(word):
        letter, sign, rest = elided.groups()
        return f"{letter.upper()}{sign}{_capital(rest)}"
    if word.startswith("mc") and len(word) > 4:
        return "Mc" + _capital(word[2:])
    if word.startswith("mac") and word[3:] in MACS:
        return "Mac" + _capital(word[3:])
    if word.startswith("ij") and len(word) > 3:
        return "IJ" + word[2:]
    return _capital(word)


def _capital(word: str) -> str:
    """The first letter large: behind a bracket or a quote too."""
    for place, sign in enumerate(word):
        if sign.isalpha():
            return word[:place] + sign.title() + word[place + 1 :]
    return word
