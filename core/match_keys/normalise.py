"""Match keys: identifiers as each destination wants them, normalised, then hashed. Vectorised; nothing empty, nothing
twice.

The rules are data (match_rules.RULES), one row a destination and kind; docs/reference/match_keys.md explains them. A
destination or kind that is not in the table is a mistake of the configuration and raises; a value that cannot be used
is a fault of its row and has a reason, which names the fault and never the value.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from hashlib import sha256
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from core.match_keys.forms import FORMS, INVISIBLE, JOINERS, NO_COUNTRY, SPACES, iso_countries, iso_upper, substitute
from core.match_keys.rules import ADDRESS, NEEDS, NORMALISER_VERSION, RULES, Rule

__all__ = ["NORMALISER_VERSION", "Members", "Prepared", "members", "prepare"]

Strings: TypeAlias = pa.Array | pa.ChunkedArray

ZERO_DEVICE = "00000000-0000-0000-0000-000000000000"  # the advertising id of who refused tracking
NOTHINGS = pa.array(
    [sha256(v.encode()).hexdigest() for v in ("", " ", ZERO_DEVICE)]
)  # hashes that somebody made of nothing
HEX = "[0-9A-Fa-f]"
HASH = rf"^(?:{HEX}{{64}}|{HEX}{{32}}|{HEX}{{40}}|{HEX}{{128}}|[\w+/-]{{43}}=)$"
FOREIGN = pa.array([32, 40, 128, 44])  # length of a hash that is neither hashed again nor sent
NAMES = pa.array(["an MD5 hash", "a SHA-1 hash", "a SHA-512 hash", "a hash in base64"])
EXPECTED_FORM = {"hex": "SHA-256 in hexadecimal", "plain": "the plain value"}


@dataclass(frozen=True, repr=False)  # a repr would show what was prepared
class Prepared:
    """values, reasons: (n,) text each.

    Usable: a value and no reason; nothing given: neither; unusable: a reason and no value.
    """

    values: pa.Array
    reasons: pa.Array


@dataclass(frozen=True, repr=False)
class Members:
    """One row a person. columns: as asked for, prepared; usable: (n,) bool; reason: (n,) text, why not, or what was
    left out.
    """

    columns: pa.Table
    usable: pa.Array
    reason: pa.Array


def prepare(
    destination: str, kind: str, values: Strings, countries: Strings | None = None, default_country: str = NO_COUNTRY
) -> Prepared:
    """One kind of identifier of n people, for one destination.

    values           (n,) anything that casts to text; NULL and blank are "nothing given"; 64 hexadecimal digits are a
                     hash already.
    countries        (n,) ISO alpha-2 of each person, for telephone numbers and postal codes; NULL or unknown:
                     default_country.
    Raises           ValueError for a destination or a kind of identifier that the table does not have.
    """
    rule = _rules(destination, [kind])[kind]
    text = _clean(values)
    if rule.form == "opaque":  # an id of ours is what it is
        text = pc.if_else(text.is_valid(), pc.utf8_trim_whitespace(_array(values)), text)
    ready, refused = _hashes(text, rule)
    raw = pc.if_else(pc.or_(ready.is_valid(), refused.is_valid()), None, text)
    normal, fault = FORMS[rule.form](raw, _homes(countries, default_country, len(text)))
    if rule.form != "opaque":  # `"e3b0…",` would else be hashed again
        wrapped = _hash_lengths(normal).is_valid()
        normal, fault = pc.if_else(wrapped, None, normal), pc.if_else(wrapped, "a hash among other characters", fault)
    normal = pc.if_else(pc.equal(normal, ""), None, normal)
    unusable = pc.and_(raw.is_valid(), normal.is_null())
    reasons = pc.coalesce(refused, pc.if_else(unusable, fault, pa.scalar(None, pa.string())))
    label = "e-mail" if kind == "email" else kind.replace("_", " ")
    return Prepared(
        pc.coalesce(ready, _hashed(normal) if rule.encoding == "hex" else normal),
        pc.binary_join_element_wise(label, reasons, ": "),
    )


def members(
    destination: str, fields: pa.Table, countries: Strings | None = None, default_country: str = NO_COUNTRY
) -> Members:
    """All identifiers of n people at once: one member each, with every identifier that is usable.

    fields      (n, kinds): columns named by kind; a second and third value of a kind are `email_2`, `email_3`.
    countries   as for prepare; by default the column `country`, where there is one.
    Raises      ValueError for columns that this destination does not take, all at once.
    """
    kinds = {name: re.sub(r"_[2-9]$", "", name) for name in fields.column_names}
    _rules(destination, kinds.values())
    if countries is None and "country" in kinds:
        countries = fields["country"]
    prepared = {n: prepare(destination, kind, fields[n], countries, default_country) for n, kind in kinds.items()}
    columns = {name: p.values for name, p in prepared.items()}
    notes = [p.reasons for p in prepared.values()]
    if destination in ADDRESS:
        notes.append(_whole_address(ADDRESS[destination], columns, fields.num_rows))
    usable = _enough(NEEDS[destination], kinds, columns, fields.num_rows)
    needs = ", or ".join(" with ".join(combination) for combination in NEEDS[destination]).replace("_", " ")
    too_little = f"too little to match by: {destination} needs {needs}"
    notes.append(pc.if_else(usable, pa.scalar(None, pa.string()), too_little))
    reason = _joined(notes, "; ")
    return Members(pa.table(columns), usable, pc.if_else(pc.equal(reason, ""), None, reason))


def _whole_address(parts: tuple[str, ...], columns: dict[str, pa.Array], n: int) -> pa.Array:
    """Take the address out of columns where one of its first four parts is missing, and say so where any was there."""
    mapped = [part for part in parts if part in columns]
    if not mapped:
        return pa.nulls(n, pa.string())
    some = reduce(pc.or_, (columns[part].is_valid() for part in mapped))
    lacking = [
        pc.if_else(columns[part].is_valid(), pa.scalar(None, pa.string()), part.replace("_", " "))
        if part in columns
        else pa.repeat(part.replace("_", " "), n)
        for part in parts[:4]
    ]
    names = _joined(lacking, ", ")
    short = pc.and_(some, pc.not_equal(names, ""))
    for part in mapped:
        columns[part] = pc.if_else(short, None, columns[part])
    return pc.if_else(short, pc.binary_join_element_wise("address: left out without", names, " "), None)


def _enough(
    needs: tuple[tuple[str, ...], ...], kinds: dict[str, str], columns: dict[str, pa.Array], n: int
) -> pa.Array:
    """(n,) whether a person has every kind of one of the sets."""
    nobody = pa.repeat(False, n)

    def has(kind: str) -> pa.Array:
        return reduce(pc.or_, (columns[name].is_valid() for name, k in kinds.items() if k == kind), nobody)

    return reduce(pc.or_, (reduce(pc.and_, map(has, combination)) for combination in needs), nobody)


def _clean(values: Strings) -> pa.Array:
    """Text in NFC, invisible characters gone, white space of every kind a space, none at the edges; blank is NULL."""
    text = _array(values)
    odd = pc.invert(pc.match_substring_regex(text, r"^[\x20-\x7e]*$")).fill_null(False)
    if pc.any(odd).as_py():
        visible = substitute(substitute(text.filter(odd), INVISIBLE, ""), SPACES, " ")
        text = pc.replace_with_mask(text, odd, pc.utf8_trim(pc.utf8_normalize(visible, "NFC"), " " + JOINERS))
    text = pc.ascii_trim_whitespace(text)
    return pc.if_else(pc.equal(text, ""), None, text)


def _hashes(text: pa.Array, rule: Rule) -> tuple[pa.Array, pa.Array]:
    """What is a hash already: SHA-256 in lower case, and the reasons why other hashes cannot be used."""
    none = pa.nulls(len(text), pa.string())
    length = _hash_lengths(text)
    if length.null_count == len(length):
        return none, none
    hashes = pc.if_else(pc.equal(length, 64), pc.ascii_lower(text), None)
    refused = pc.if_else(pc.is_in(hashes, NOTHINGS), "the hash of nothing", none)
    if rule.form == "opaque":  # an id of ours may look like any hash
        hashes = hashes if rule.encoding == "hex" else none
    else:
        foreign = NAMES.take(pc.index_in(length, FOREIGN))
        if rule.encoding == "plain":
            foreign = pc.coalesce(foreign, pc.if_else(hashes.is_valid(), "a hash", None))
        refused = pc.coalesce(
            refused, pc.binary_join_element_wise(foreign, f"where {EXPECTED_FORM[rule.encoding]} is asked for", ", ")
        )
    return pc.if_else(refused.is_valid(), None, hashes), refused


def _hash_lengths(text: pa.Array) -> pa.Array:
    """(n,) 64 for SHA-256, 32 for MD5 …; NULL for what is no hash."""
    length = pc.utf8_length(text).cast(pa.int64())
    length = pc.if_else(pc.is_in(length, pa.array([64, *FOREIGN.to_pylist()])), length, None)
    none_here = length.null_count == len(length)
    return length if none_here else pc.if_else(pc.match_substring_regex(text, HASH), length, None)


def _hashed(values: pa.Array) -> pa.Array:
    """SHA-256 of each, in lower-case hexadecimal; NULL stays NULL. Each distinct value is hashed once."""
    codes = values.dictionary_encode()
    digests = b"".join([sha256(v).digest() for v in codes.dictionary.cast(pa.binary()).to_pylist()])
    text = pa.Array.from_buffers(pa.binary(64), len(codes.dictionary), [None, pa.py_buffer(digests.hex().encode())])
    return text.cast(pa.binary()).cast(pa.string()).take(codes.indices)


def _homes(countries: Strings | None, default: str, n: int) -> pa.Array:
    """(n,) upper-case ISO alpha-2 of each person, or the default."""
    if default not in iso_countries() | {NO_COUNTRY}:
        raise ValueError(f"default_country: {default!r} is no ISO 3166-1 alpha-2 code in capitals.")
    if countries is None:
        return pa.repeat(pa.scalar(default, pa.string()), n)
    return iso_upper(_clean(countries))[0].fill_null(default)


def _joined(parts: list[pa.Array], by: str) -> pa.Array:
    """The empty text is there because pyarrow 26.0.1 drops a row of which every part is NULL; it goes again with the
    trim.
    """
    return pc.utf8_ltrim(pc.binary_join_element_wise("", *parts, by, null_handling="skip"), by)


def _rules(destination: str, kinds: Iterable[str]) -> Mapping[str, Rule]:
    if destination not in RULES:
        raise ValueError(f"No match keys for {destination!r}. Destinations: {', '.join(RULES)}.")
    rules = RULES[destination]
    if strange := [kind for kind in kinds if kind not in rules]:
        raise ValueError(f"{destination} does not take {', '.join(strange)}. It takes: {', '.join(rules)}.")
    return rules


def _array(values: Strings) -> pa.Array:
    return (values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values).cast(pa.string())
