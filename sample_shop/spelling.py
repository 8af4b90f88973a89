"""One name, one number, one address in the many forms that people, tills and forms give them."""

import unicodedata

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_shop import chance, words
from sample_shop.traces.text import join, numbers, pick, where

FORMS = 6  # as it is · nickname or without accents · UPPER · lower · initial · typing error
FORM_WEIGHTS = {"web": (0.9, 0.02, 0.01, 0.04, 0.01, 0.02), "sloppy": (0.62, 0.14, 0.08, 0.06, 0.05, 0.05)}

# Numbers set aside for drama (GB: Ofcom; FR: ARCEP; US: NANP 555-01xx): valid to libphonenumber, nobody's.
# Past these, +888: a country code with valid numbers to libphonenumber that the ITU has assigned to no network.
GB_DRAMA = [f"{city}4960" for city in (113, 114, 116, 117, 118, 121, 131, 141, 151, 161)]
GB_DRAMA += ["2079460", "1914980", "2896496", "2920180"]
US_AREAS = [
    201,
    202,
    206,
    207,
    210,
    212,
    213,
    302,
    303,
    305,
    312,
    317,
    401,
    404,
    415,
    503,
    505,
    512,
    602,
    603,
    617,
    702,
    808,
]
FR_DRAMA = ["19900"]
PHONE_PLAN = {"GB": ("44", GB_DRAMA, 3), "US": ("1", [f"{a}55501" for a in US_AREAS], 2), "FR": ("33", FR_DRAMA, 4)}
UNASSIGNED = "888"


def fold(word: str) -> str:
    """Without accents, apostrophes and hyphens, in lower case: the way a name stands in an e-mail address."""
    plain = unicodedata.normalize("NFKD", word.replace("ß", "ss")).encode("ascii", "ignore").decode()
    return "".join(letter for letter in plain.lower() if letter.isalpha())


def name_forms(vocabulary: list[str]) -> pa.Array:
    """(k,) names -> (k * FORMS,) forms: place `name * FORMS + form`."""
    return pa.array([form for place, word in enumerate(vocabulary) for form in _forms(word, place)])


def _forms(word: str, place: int) -> list[str]:
    plain = unicodedata.normalize("NFKD", word.replace("ß", "ss")).encode("ascii", "ignore").decode()
    split_at = 1 + place % (len(word) - 2)
    swapped = word[:split_at] + word[split_at + 1] + word[split_at] + word[split_at + 2 :]
    return [word, words.NICKNAMES.get(word, plain), word.upper(), word.lower(), word[0] + ".", swapped]


def spelt(rng: np.random.Generator, forms: pa.Array, names: np.ndarray, care: str) -> pa.Array:
    """(n,) places of names -> (n,) names as somebody of this care ("web" or "sloppy") wrote them."""
    return pick(forms, names * FORMS + chance.weighted(rng, FORM_WEIGHTS[care], len(names)))


def phones(country: pa.Array) -> tuple[pa.Array, pa.Array]:
    """(n,) countries -> (n,) calling codes and (n,) national numbers, no two alike."""
    count = len(country)
    code, national = pa.array([UNASSIGNED] * count), numbers(np.arange(count), 11)
    for name, (calling, prefixes, digits) in PHONE_PLAN.items():
        in_country = pc.equal(country, name).to_numpy(zero_copy_only=False)
        rank = np.cumsum(in_country) - 1
        fits = in_country & (rank < len(prefixes) * 10**digits)
        number = join(
            pick(pa.array(prefixes), rank % len(prefixes)), numbers(rank // len(prefixes) % 10**digits, digits)
        )
        code, national = where(fits, calling, code), where(fits, number, national)
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


def mistyped(rng: np.random.Generator, emails: pa.Array, share: float) -> tuple[pa.Array, np.ndarray]:
    """(n,) addresses, a share of them wrong, and which: a swapped domain, a lost letter, no @ at all, capitals and a
    space.

    The last is no error but a form of the same address. A wrong address never belongs to somebody else, because the
    number in it stays.
    """
    kind = np.where(chance.happens(rng, share, len(emails)), rng.integers(1, 5, len(emails)), 0)
    text = where(kind == 1, pc.replace_substring(emails, "ample", "amlpe"), emails)
    text = where((kind == 1).astype(bool), pc.replace_substring(text, "mail.", "mial."), text)
    text = where(kind == 2, pc.utf8_replace_slice(emails, 1, 2, ""), text)
    text = where(kind == 3, pc.replace_substring(emails, "@", "."), text)
    text = where(kind == 4, join(pc.utf8_upper(emails), " "), text)
    return text, (kind > 0) & (kind < 4)
