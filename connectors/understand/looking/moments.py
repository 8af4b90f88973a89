"""Days and instants as people write them: which patterns may read a column's values, with its words of time.

The words (months, halves of a day, days of a week) are those of Unicode's CLDR, in every language that it knows.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import permutations

from babel import Locale
from babel.localedata import locale_identifiers

TOKEN = re.compile(
    r"\d+|[ap]\.?[ \u00a0\u202f]?m\b|[年月日時时分秒년월일시분초]"
    r"|[^\W\d_](?:[^\d\s:/,\-+().年月日時时分秒]|\.(?=[^\W\d_]))*|.",
    re.IGNORECASE | re.DOTALL,
)
CLOCK_MARKS = {":", "時", "时", "분", "시", "分", "h", "uhr"}  # behind an hour or a minute
DATE_MARKS = {"年": "%Y", "月": "%m", "日": "%d", "년": "%Y", "월": "%m", "일": "%d"}  # behind the part that they name
BETWEEN = {  # words of a date that say nothing
    "t", "uhr", "h", "г", "de", "del", "d", "of", "at", "um", "à", "a", "kl", "om", "o", "ob", "og", "le", "den", "na",
    "ngày", "tháng", "năm",
}  # fmt: skip
YEAR_FIRST = re.compile(r"(18|19|20)\d\d([-/.]?)\d\d\2\d\d")
MANY = 20  # different values of which days with two-digit years are believed
IN_USE = (("%d", "%m", "%Y"), ("%m", "%d", "%Y"), ("%Y", "%m", "%d"), ("%d", "%Y"), ("%Y", "%d"))  # orders of parts
LIFETIME = 60  # years between the first and the last: two digits are then of either century
MOST_TOKENS, MOST_WORDS = 24, 40
HALVES = {"am": "AM", "a.m": "AM", "a m": "AM", "a. m": "AM", "pm": "PM", "p.m": "PM", "p m": "PM", "p. m": "PM"}


@dataclass(frozen=True)
class Written:
    """One way to read a column: its type, the pattern, and what stands for its words (`words` of a source file)."""

    kind: str
    pattern: str
    words: tuple[tuple[str, str], ...] = ()


def ways_to_read(texts: list[str]) -> list[Written]:
    """Each pattern that the form of all values allows; to be tried on them. [] where they have no one form."""
    tokens = [TOKEN.findall(text) for text in texts]
    if not tokens or len(tokens[0]) > MOST_TOKENS or len({_form(t) for t in tokens}) != 1:
        return []
    slots = [sorted(set(column)) for column in zip(*tokens, strict=True)]
    if not 2 <= sum(slot[0].isdecimal() for slot in slots) <= 7:
        return []
    return [way for marks, words in _marks(slots) for way in _patterns(slots, marks, words)]


def _form(tokens: list[str]) -> tuple[str, ...]:
    return tuple("0" if t.isdecimal() else "w" if t[0].isalpha() and t not in DATE_MARKS else t for t in tokens)


def _marks(slots: list[list[str]]) -> Iterator[tuple[dict[int, str], dict[str, str]]]:
    """What each slot of words is in a pattern, and what is put for the words; once for each meaning that they have."""
    marks: dict[int, str] = {}
    lettered = [i for i, slot in enumerate(slots) if slot[0][0].isalpha() and slot[0] not in DATE_MARKS]
    open_slots = [i for i in lettered if len(slots[i]) > 1 or _bare(slots[i][0]) not in BETWEEN]
    for i in set(lettered) - set(open_slots):
        marks[i] = slots[i][0].replace("%", "%%")
    if any(len(slots[i]) > MOST_WORDS for i in open_slots):
        return
    if not open_slots:
        yield marks, {}
        return
    seen: list[dict[str, str]] = []
    for language in _languages():
        found = _in_language(slots, open_slots, language)
        if found and found[1] not in seen:
            seen.append(found[1])
            yield marks | found[0], _with_others(found[1], language)
            if language is _languages()[1]:
                return  # English, which others write too


def _in_language(
    slots: list[list[str]], open_slots: list[int], language: dict[str, dict[str, str]]
) -> tuple[dict[int, str], dict[str, str]] | None:
    """Each slot's directive, and the words' replacements, where one language has all of them."""
    marks: dict[int, str] = {}
    words: dict[str, str] = {}
    for i in open_slots:
        kind = next((k for k, known in language.items() if all(_bare(w) in known for w in slots[i])), None)
        if kind is None:
            return None
        marks[i] = {"month": "%m", "half": "%p", "weekday": ""}[kind]
        words |= {w: put for w in slots[i] if (put := language[kind][_bare(w)]) != w.upper()}
    return marks, words


def _with_others(words: dict[str, str], language: dict[str, dict[str, str]]) -> dict[str, str]:
    """The other words of the same kinds too, written as those that came: they may come later."""
    found = dict(words)
    for known in language.values():
        came = next((w for w in words if _bare(w) in known), None)
        if came is not None:
            form = str.upper if came.isupper() else str.title if came.istitle() else str
            told = {form(w): put for w, put in known.items() if w not in HALVES and not any(map(str.isdecimal, w))}
            found = told | found
    return found


def _patterns(slots: list[list[str]], marks: dict[int, str], words: dict[str, str]) -> Iterator[Written]:
    """Every order of day, month and year that the lengths of the numbers allow."""
    numbers = [i for i, slot in enumerate(slots) if slot[0].isdecimal()]
    clock = _clock(slots, numbers, "%p" in marks.values())
    named = {i: DATE_MARKS[slots[i + 1][0]] for i in numbers if i + 1 < len(slots) and slots[i + 1][0] in DATE_MARKS}
    days = [i for i in numbers if i not in clock]
    wanted = ["%d", "%Y"] if "%m" in marks.values() else ["%d", "%m", "%Y"]
    if len(days) != len(wanted):
        return
    for order in permutations(wanted):
        placed = dict(zip(days, order, strict=True))
        if all(placed.get(i, mark) == mark for i, mark in named.items()) and _may_be(slots, placed):
            years = next(i for i in days if placed[i] == "%Y")
            placed[years] = "%Y" if len(slots[years][0]) == 4 else "%y"
            directives = placed | clock | marks
            pattern = "".join(directives.get(i, slot[0].replace("%", "%%")) for i, slot in enumerate(slots))
            yield Written("timestamp" if clock else "date", pattern, tuple(sorted(words.items())))


def _may_be(slots: list[list[str]], placed: dict[int, str]) -> bool:
    """Whether an order is in use, and the numbers' lengths are its parts'; a year of two digits is the rarest part."""
    order, years = tuple(placed.values()), next(i for i, part in placed.items() if part == "%Y")
    lengths, others = {len(text) for text in slots[years]}, [slots[i] for i in placed if i != years]
    if order not in IN_USE or lengths not in ({4}, {2}) or any(len(text) > 2 for slot in others for text in slot):
        return False
    if lengths == {4}:
        return True
    full = [int(y) + (1900 if int(y) > 68 else 2000) for y in slots[years]]
    is_rarest = len(order) == 3 and all(len(slots[years]) <= len(slot) for slot in others)
    return (is_rarest or order == ("%d", "%Y")) and max(full) - min(full) <= LIFETIME


def _clock(slots: list[list[str]], numbers: list[int], has_halves: bool) -> dict[int, str]:
    """Hour, minute and second: numbers with a mark of a clock between or behind them."""
    behind = {i: slots[i + 1][0].lower() if i + 1 < len(slots) else "" for i in numbers}
    first = next((i for i in numbers if behind[i] in CLOCK_MARKS), None)
    if first is None:
        return {}
    hour = "%I" if has_halves else "%H"
    found, place = {first: hour}, numbers.index(first)
    for directive, i in zip(("%M", "%S", "%f"), numbers[place + 1 : place + 4], strict=False):
        before = slots[i - 1][0].lower()
        if before not in (*CLOCK_MARKS, ".") or (before == "." and directive != "%f"):
            break
        found[i] = directive
    return found


def _bare(word: str) -> str:
    return word.casefold().replace("\u00a0", " ").replace("\u202f", " ").strip(" .")


@cache
def _languages() -> tuple[dict[str, dict[str, str]], ...]:
    """Each language's months as numbers, halves of a day as AM and PM, and days of the week as nothing."""
    found = [{"half": dict(HALVES)}]
    for name in sorted((n for n in locale_identifiers() if "_" not in n), key=lambda n: (n != "en", n)):
        locale = Locale.parse(name)
        months = {_bare(w): f"{n:02}" for forms in _forms(locale.months) for n, w in forms.items()}
        halves = {
            _bare(w): str(k).upper()
            for forms in _forms(locale.day_periods)
            for k, w in forms.items()
            if k in ("am", "pm")
        }
        days = {_bare(w): "" for forms in _forms(locale.days) for w in forms.values()}
        found.append({"month": months, "half": halves | HALVES, "weekday": days})
    return tuple(found)


def _forms(named: object) -> list[dict[object, str]]:
    """The wide and the short names, alone and within a date; a single letter says too little."""
    return [
        names
        for context in named.values()  # type: ignore[attr-defined]
        for width, names in context.items()
        if width in ("wide", "abbreviated")
    ]


def are_days(texts: list[str]) -> bool:
    """Whether nearly all are days, year first: some may be no day of the calendar, and are left empty in staging."""
    days = [t for t in texts[:500] if YEAR_FIRST.fullmatch(t.strip())]
    return bool(days) and len(days) >= 0.9 * len(texts[:500])
