"""E-mail, phone and names: validate and normalise, for identity. Vectorised over Arrow arrays; nothing unusable passes.

Destinations have rules of their own (activation normalises for each); this is what *we* call the same address.
"""

import re
from functools import lru_cache
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from core.match_keys.phones import FEW, plain_numbers

Strings: TypeAlias = pa.Array | pa.ChunkedArray

# A plain ASCII address that RFC 5321 and every mailbox provider accept; the few others go to email-validator, one by
# one.
PLAIN_EMAIL = r"^[a-z0-9_+-]+(\.[a-z0-9_+-]+)*@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$"
LETTERS = re.compile("[A-Za-z]+")
DIGITS = re.compile(r"\+?\d[\d\s()./_-]{5,}\d")  # what may be a telephone number
FEWEST_DIGITS = 7  # of a telephone number
NO_NUMBER = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}[\d:.]*)?|\S{25,}")  # a moment, a hash
SHORTEST_ID = 4  # signs of a number that is one human's
REPEATED = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
COUNTED = pa.array(["1234567890123456"[:n] for n in range(4, 17)] + ["9876543210"[:n] for n in range(4, 11)])
LONGEST_EMAIL, LONGEST_LOCAL_PART = 254, 64  # RFC 5321 4.5.3.1


def normalise_emails(raw: Strings) -> pa.Array:
    """(n,) text -> (n,) text: trimmed and lower-case, or NULL where no mail could be delivered to it by its syntax."""
    codes = _chunk(raw.cast(pa.string())).dictionary_encode()
    # ASCII only: utf8_lower makes i of İ, which is another mailbox; Python lower-cases the odd ones
    trimmed = pc.ascii_lower(pc.utf8_trim_whitespace(codes.dictionary))
    spelt = pc.match_substring(
        trimmed, "xn--"
    )  # a domain in its ASCII spelling: the library knows the other, which is the same
    plain = pc.and_(
        pc.and_not(pc.match_substring_regex(trimmed, PLAIN_EMAIL), spelt),
        pc.and_(
            pc.less_equal(pc.utf8_length(trimmed), LONGEST_EMAIL),
            pc.less_equal(pc.find_substring(trimmed, "@"), LONGEST_LOCAL_PART),
        ),
    )
    odd = [] if pc.all(plain).as_py() in (True, None) else pc.filter(trimmed, pc.invert(plain)).to_pylist()
    usable = {value: _odd_email(value) for value in set(odd)}
    values = (
        [v if ok else usable[v] for v, ok in zip(trimmed.to_pylist(), plain.to_pylist(), strict=True)]
        if odd
        else trimmed
    )
    return pa.array(values, pa.string()).take(codes.indices)


def _odd_email(value: str) -> str | None:
    from email_validator import EmailNotValidError, validate_email

    if len(value) > LONGEST_EMAIL or not 0 < value.rfind("@") <= LONGEST_LOCAL_PART:
        return None
    try:
        normal = validate_email(value, check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        return None
    # A sign that only looks like a letter (the Kelvin sign) is folded into it, and k@ is somebody else's mailbox.
    return None if _plain_signs(normal) > _plain_signs(value) else normal


def _plain_signs(address: str) -> int:
    return sum(sign.isascii() for sign in address.rpartition("@")[0])


def normalise_phones(raw: Strings, default_country: str, countries: Strings | None = None) -> pa.Array:
    """(n,) text -> (n,) E.164 text, or NULL where the number cannot exist.

    countries   (n,) ISO alpha-2 of each person, for numbers written without a country code; NULL or unknown: the
                default.
    """
    text = _chunk(raw.cast(pa.string()))
    if countries is None:
        home = pa.repeat(default_country, len(text))
    else:
        is_country = pc.match_substring_regex(countries, "^[A-Za-z]{2}$")
        home = pc.utf8_upper(_chunk(pc.if_else(is_country, countries, None).fill_null(default_country)))
    numbers = pa.nulls(len(text), pa.string())
    for count in home.value_counts().to_pylist():
        if count["counts"] >= FEW:
            in_country = pc.equal(home, count["values"])
            numbers = pc.replace_with_mask(numbers, in_country, plain_numbers(text.filter(in_country), count["values"]))
    odd = pc.and_(text.is_valid(), numbers.is_null())
    codes = pc.binary_join_element_wise(home.filter(odd), text.filter(odd), "|").dictionary_encode()
    pairs = [pair.partition("|") for pair in codes.dictionary.to_pylist()]
    parsed = pa.array([_phone(value, country) for country, _, value in pairs], pa.string())
    return pc.replace_with_mask(pc.if_else(pc.equal(numbers, ""), None, numbers), odd, parsed.take(codes.indices))


@lru_cache(maxsize=100_000)
def _phone(value: str, country: str) -> str | None:
    import phonenumbers

    try:
        number = phonenumbers.parse(value, country)
        # Letters stand for digits on a keypad, but in a note (07400 123ABC) they would make another person's number.
        if (
            LETTERS.search(value)
            and not number.extension
            and number != phonenumbers.parse(LETTERS.sub("", value), country)
        ):
            return None
    except phonenumbers.NumberParseException:
        return None
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return e164 if phonenumbers.is_valid_number(number) else None


def phones_in(text: str, default_country: str) -> list[str]:
    """Every number in a text, in E.164, each once, in its order; the `.0` of a spreadsheet is no part of it."""
    if sum(map(str.isdigit, text)) < FEWEST_DIGITS:
        return []
    import phonenumbers

    plain = re.sub(r"(?<=\d)[.,]0{1,2}(?!\d)", "", text)
    parts = [match.raw_string for match in phonenumbers.PhoneNumberMatcher(plain, default_country)]
    if not parts:  # without the zero that a spreadsheet took, or glued to a word or a date
        parts = [plain, *(run.replace("_", "") for run in DIGITS.findall(NO_NUMBER.sub(" ", plain)))]
    numbers = normalise_phones(pa.array(parts, pa.string()), default_country)
    return list(dict.fromkeys(number for number in numbers.to_pylist() if number))


def normalise(kind: str, raw: Strings, default_country: str, countries: Strings | None = None) -> pa.Array:
    """(n,) text -> (n,) text of one kind of identifier: email, phone or id; `countries` as in `normalise_phones`."""
    if kind == "email":
        return normalise_emails(raw)
    return normalise_phones(raw, default_country, countries) if kind == "phone" else normalise_ids(raw)


def normalise_ids(raw: Strings) -> pa.Array:
    """(n,) text -> (n,) text: capital letters and digits alone, or NULL of what is nobody's number: without a digit, of
    fewer than four signs, of one sign repeated, or counted up (`n/a`, `0000000`, `123456789`).
    """
    codes = _chunk(raw.cast(pa.string())).dictionary_encode()
    ids = pc.utf8_upper(pc.utf8_normalize(codes.dictionary, "NFKC"))
    ids = pc.replace_substring_regex(ids, r"[^\pL\pN]+", "")
    is_number = pc.and_(pc.match_substring_regex(ids, r"\pN"), pc.greater_equal(pc.utf8_length(ids), SHORTEST_ID))
    is_filler = pc.or_(
        pc.match_substring_regex(ids, "^(?:" + "|".join(f"{sign}+" for sign in REPEATED) + ")$"),
        pc.is_in(ids, value_set=COUNTED),
    )
    return pc.if_else(pc.and_(is_number, pc.invert(is_filler)), ids, None).take(codes.indices)


def mask(value: Any) -> str | None:
    """A value fit for a log: enough to recognise the fault (`a…@e…`, `4…9 (12)`), too little to recognise the
    person.
    """
    if value is None:
        return None
    text = re.sub(r"[\x00-\x1f\x7f]", "·", str(value))
    if "@" in text:
        local, _, domain = text.partition("@")
        return f"{local[:1]}…@{domain[:1]}… ({len(text)})"
    return text if len(text) <= 2 else f"{text[0]}…{text[-1]} ({len(text)})"


def _chunk(array: Strings) -> pa.Array:
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
