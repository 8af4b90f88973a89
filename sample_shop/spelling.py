"""One name, one number, one date, one address in the many forms that people, tills and forms give them."""

import unicodedata

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_shop import chance, words
from sample_shop.traces.text import join, numbers, pick, where

# as it is · in Latin letters without accents · two short names · UPPER · lower · initial · four typing errors · as
# windows-1252 can write it, which is what tills and the CRM have
FORMS, TILL_FORM = 12, 11
FORM_WEIGHTS = {
    "web": (0.88, 0.025, 0.02, 0.01, 0.01, 0.03, 0.005, 0.005, 0.005, 0.005, 0.005, 0),
    "sloppy": (0, 0.04, 0.1, 0.05, 0.07, 0.06, 0.05, 0.012, 0.013, 0.012, 0.013, 0.58),
}
NEIGHBOURS = dict(zip("abcdefghijklmnopqrstuvwxyz", "svxsrdfgjkjlknipawrtyiqcuz", strict=True))  # on a keyboard

# Numbers set aside for drama (GB: Ofcom; FR: ARCEP; US: NANP 555-01xx): valid to libphonenumber, nobody's.
# Past these, +888: a country code with valid numbers to libphonenumber that the ITU has assigned to no network.
GB_DRAMA = [f"{city}4960" for city in (113, 114, 116, 117, 118, 121, 131, 141, 151, 161)]
GB_DRAMA += ["2079460", "1914980", "2896496", "2920180"]
US_AREAS = [
    201, 202, 206, 207, 210, 212, 213, 302, 303, 305, 312, 317, 401, 404, 415, 503, 505, 512, 602, 603, 617, 702, 808,
]  # fmt: skip
FR_DRAMA = ["19900"]
PHONE_PLAN = {"GB": ("44", GB_DRAMA, 3), "US": ("1", [f"{a}55501" for a in US_AREAS], 2), "FR": ("33", FR_DRAMA, 4)}
UNASSIGNED, UNASSIGNED_FROM, UNASSIGNED_COUNT = "888", 20_000_000_000, 70_000_000_000
# What a clerk enters where a number must stand; the first is valid and given to nobody.
NO_PHONES = pa.array(["0113 496 0000", "00000000000", "0000 000000"])
NO_PHONE_SHARE, WRONG_DIGIT = 0.008, 0.008
NO_EMAILS = pa.array(["test@example.com", "none@example.com", "noemail@shop.example"])
NO_DATES = np.array(["1900-01-01", "1970-01-01", "2000-01-01"], "datetime64[D]").astype(np.int64)
DATE_KNOWN, DATE_TURNED, DATE_WRONG, DATE_EMPTY = 0.67, 0.015, 0.012, 0.015


def fold(word: str) -> str:
    """Without accents, apostrophes, spaces and hyphens, in lower case: the way a name stands in an e-mail address."""
    return "".join(letter for letter in _plain(word).lower() if letter.isalpha())


def _plain(word: str) -> str:
    return unicodedata.normalize("NFKD", word.replace("ß", "ss")).encode("ascii", "ignore").decode()


def name_forms(vocabulary: list[str], latin: list[str]) -> pa.Array:
    """(k,) names, and the same in Latin letters -> (k * FORMS,) forms: place `name * FORMS + form`."""
    pairs = zip(vocabulary, latin, strict=True)
    return pa.array([form for place, (word, plain) in enumerate(pairs) for form in _forms(word, plain, place)])


def _forms(word: str, plain: str, place: int) -> list[str]:
    """The errors stand at a place of the name's own."""
    try:
        till = word.encode("windows-1252").decode("windows-1252")
    except UnicodeEncodeError:
        till = plain
    short = words.NICKNAMES.get(plain, plain).split("|")
    at, wrong = 1 + place % max(len(till) - 2, 1), 1 + place * 7 % max(len(till) - 1, 1)
    other = NEIGHBOURS.get(till[wrong].lower(), "e")
    return [
        word, plain, short[0], short[-1], till.upper(), till.lower(), till[0] + ".",
        till[:at] + till[at + 1 : at + 2] + till[at] + till[at + 2 :], till[:at] + till[at + 1 :],
        till[:at] + till[at] + till[at:], till[:wrong] + other + till[wrong + 1 :], till,
    ]  # fmt: skip


def spelt(rng: np.random.Generator, forms: pa.Array, names: np.ndarray, care: str) -> pa.Array:
    """(n,) places of names -> (n,) names as somebody of this care ("web" or "sloppy") wrote them."""
    return pick(forms, names * FORMS + chance.weighted(rng, FORM_WEIGHTS[care], len(names)))


def phones(rng: np.random.Generator, country: pa.Array) -> tuple[pa.Array, pa.Array]:
    """(n,) countries -> (n,) calling codes and (n,) national numbers, no two alike, in no order."""
    count = len(country)
    step = UNASSIGNED_COUNT // count
    free = UNASSIGNED_FROM + rng.permutation(count) * step + rng.integers(0, step, count)
    code, national = pa.repeat(UNASSIGNED, count), numbers(free, 11)
    for name, (calling, prefixes, digits) in PHONE_PLAN.items():
        in_country = np.flatnonzero(pc.equal(country, name).to_numpy(zero_copy_only=False))
        room = 1 + rng.permutation(len(prefixes) * 10**digits - 1)  # the very first one is NO_PHONES'
        lucky = rng.permutation(in_country)[: len(room)]
        number = np.zeros(count, np.int64)
        number[lucky] = room[: len(lucky)]
        text = join(pick(pa.array(prefixes), number // 10**digits), numbers(number % 10**digits, digits))
        code, national = where(number > 0, calling, code), where(number > 0, text, national)
    return code, national


def spelt_phones(rng: np.random.Generator, code: pa.Array, national: pa.Array, has_phone: np.ndarray) -> pa.Array:
    """(n,) numbers as they are typed: international, with spaces, with 00, and for Britain national.

    NULL without `has`.
    """
    form = rng.integers(0, 5, len(code))
    head, tail = pc.utf8_slice_codeunits(national, 0, 4), pc.utf8_slice_codeunits(national, 4)
    british = pc.equal(code, "44").to_numpy(zero_copy_only=False)
    text = join("+", code, national)
    text = where(form == 1, join("+", code, " ", head, " ", tail), text)
    text = where(form == 2, join("00", code, national), text)
    text = where((form == 3) & british, join("0", national), text)
    text = where((form == 4) & british, join("0", head, " ", tail), text)
    return where(has_phone, text, None)


def entered_phones(
    rng: np.random.Generator, code: pa.Array, national: pa.Array, has_phone: np.ndarray
) -> tuple[pa.Array, np.ndarray]:
    """`spelt_phones` with a wrong last digit for some, and what a clerk enters for those without; and for which."""
    wrong = chance.happens(rng, WRONG_DIGIT, len(code))
    last = numbers(rng.integers(0, 10, len(code)))
    national = where(wrong, join(pc.utf8_slice_codeunits(national, 0, -1), last), national)
    empty = chance.happens(rng, NO_PHONE_SHARE, len(code))
    text = spelt_phones(rng, code, national, has_phone)
    return where(empty, pick(NO_PHONES, chance.weighted(rng, [3, 1, 1], len(code))), text), empty


def entered_dates(rng: np.random.Generator, born: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n,) days of birth as a form holds them, and (n,) where it holds one: some with day and month turned, some with a
    digit wrong, some 1 January of a year that means nothing.
    """
    months = born.astype("datetime64[D]").astype("datetime64[M]")
    day, month = born - months.astype("datetime64[D]").astype(np.int64), months.astype(np.int64) % 12
    january = months.astype("datetime64[Y]").astype("datetime64[M]")
    turned = (january + np.minimum(day, 11)).astype("datetime64[D]").astype(np.int64) + month
    fate = rng.random(len(born))
    dates = np.where((fate < DATE_TURNED) & (day < 12), turned, born)
    fate -= DATE_TURNED
    slip = rng.choice(np.array([-10, -1, 1, 10, 365]), len(born))
    dates = np.where((fate >= 0) & (fate < DATE_WRONG), born + slip, dates)
    fate -= DATE_WRONG
    dates = np.where((fate >= 0) & (fate < DATE_EMPTY), rng.choice(NO_DATES, len(born)), dates)
    return dates, chance.happens(rng, DATE_KNOWN, len(born))


def mistyped(rng: np.random.Generator, emails: pa.Array, share: float) -> tuple[pa.Array, np.ndarray]:
    """(n,) addresses, a share of them wrong, and which: a swapped domain, a lost letter, no @ at all, capitals and a
    space.

    The last is no error but a form of the same address. An address without a letter may be somebody else's.
    """
    kind = np.where(chance.happens(rng, share, len(emails)), rng.integers(1, 5, len(emails)), 0)
    text = where(kind == 1, pc.replace_substring(emails, "ample", "amlpe"), emails)
    text = where((kind == 1).astype(bool), pc.replace_substring(text, "mail.", "mial."), text)
    text = where(kind == 2, pc.utf8_replace_slice(emails, 1, 2, ""), text)
    text = where(kind == 3, pc.replace_substring(emails, "@", "."), text)
    text = where(kind == 4, join(pc.utf8_upper(emails), " "), text)
    return text, (kind > 0) & (kind < 4)
