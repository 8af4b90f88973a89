"""Telephone numbers by the column: phonenumbers' own rules and patterns, run by RE2 over all of them instead of one by
one.

Only what is written plainly is read here, and read as the library reads it, step by step, also where a step makes no
difference to today's metadata: a test holds the two against each other over every country. Of all else (letters,
extensions, trunk prefixes that become something else) nothing is said, and the library is asked.
"""

import re
from collections.abc import Mapping
from functools import cache, reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

PLAIN = r"^[ ().-]*\+?[0-9 ().-]*$"  # no letter, no extension, no second number: only its digits count
SHORTEST, LONGEST = 3, 100  # digits, with a + or not; characters: for all else the library has rules of its own
FEW = 100  # numbers of one country: to compile its patterns would take longer than to ask the library
TYPES = (
    "fixed_line",
    "mobile",
    "toll_free",
    "premium_rate",
    "shared_cost",
    "personal_number",
    "voip",
    "pager",
    "uan",
    "voicemail",
)


def plain_numbers(text: pa.Array, country: str) -> pa.Array:
    """(n,) text of people of one country (ISO alpha-2; anything else: of none) -> (n,) E.164, "": no number, NULL: ask
    the library.
    """
    plain = pc.match_substring_regex(text, PLAIN)
    bare = reduce(lambda some, mark: pc.replace_substring(some, mark, ""), " ().-", _only_where(plain, text))
    lengths = pc.binary_length(text), pc.binary_length(bare)
    bare = pc.if_else(pc.and_(pc.less_equal(lengths[0], LONGEST), pc.greater(lengths[1], SHORTEST)), bare, None)
    abroad = pc.starts_with(bare, "+")
    whole = pc.utf8_ltrim(_only_where(abroad, bare), "+")
    inland, home = pc.if_else(abroad, None, bare), metadata(country)
    if not home:
        return pc.coalesce(_by_code(whole), pc.if_else(inland.is_valid(), "", None))
    dialled, inland = _dialled(inland, home)
    coded, inland = _coded(inland, home)
    numbers = _valid(_significant(inland, home), home.country_code)
    strange = pc.if_else(pc.match_substring_regex(dialled, _codes()), None, "")
    return pc.coalesce(numbers, _by_code(pc.coalesce(whole, dialled, coded)), strange)


def _by_code(whole: pa.Array) -> pa.Array:
    """(n,) digits that begin with a country code -> as plain_numbers."""
    codes = pc.struct_field(pc.extract_regex(whole, _codes()), 0)
    numbers = pa.nulls(len(whole), pa.string())
    for count in codes.drop_null().value_counts().to_pylist():
        code, mine = count["values"], pc.equal(codes, count["values"]).fill_null(False)
        if count["counts"] >= FEW:
            main = metadata(regions_by_code()[int(code)][0], int(code))
            rest = pc.utf8_slice_codeunits(whole.filter(mine), len(code))
            numbers = pc.replace_with_mask(numbers, mine, _valid(_significant(rest, main), int(code)))
    return numbers


def _dialled(digits: pa.Array, home: Any) -> tuple[pa.Array, pa.Array]:
    """What follows a prefix like 00, and the rest; NULL in one of the two. A country code never begins with 0."""
    begins = _begins(digits, home.international_prefix)
    less = _less(_only_where(begins, digits), home.international_prefix)
    dialled = pc.if_else(pc.starts_with(less, "0"), None, less)
    return dialled, pc.if_else(dialled.is_valid(), None, digits)


def _coded(digits: pa.Array, home: Any) -> tuple[pa.Array, pa.Array]:
    """What begins with the own country code, though it is no number of the country so or too long for one, and the
    rest.

    Of the first the trunk prefix is gone already; a third kind, NULL in both, is left to the library.
    """
    code, general = str(home.country_code), home.general_desc
    own = _only_where(pc.starts_with(digits, code), digits)
    rest, is_sure = _untrunked(pc.utf8_slice_codeunits(own, len(code)), home)
    longest = pc.greater(pc.utf8_length(own), general.possible_length[-1])
    longest = pc.and_kleene(longest, pc.invert(_has_length(own, general.possible_length_local_only)))
    better = pc.and_kleene(pc.invert(_matches(own, general)), _matches(rest, general))
    coded = pc.or_kleene(better, longest).fill_null(False)
    unsure = pc.and_kleene(own.is_valid(), pc.invert(is_sure))
    inland = _only_where(pc.invert(pc.or_kleene(coded, unsure)), digits)
    return _only_where(coded, pc.binary_join_element_wise(code, rest, "")), inland


def _untrunked(digits: pa.Array, country: Any) -> tuple[pa.Array, pa.Array]:
    """Less the trunk prefix, where that leaves a number that looks like one or there was none before; and whether that
    is sure.
    """
    prefix, general = country.national_prefix_for_parsing, country.general_desc
    begins = _begins(digits, prefix)
    if country.national_prefix_transform_rule:
        return _only_where(pc.invert(begins), digits), pc.invert(begins)
    trunked = _only_where(begins, digits)
    less = _less(trunked, prefix)
    worse = pc.and_kleene(_matches(trunked, general), pc.invert(_matches(less, general)))
    return pc.if_else(pc.invert(worse).fill_null(False), less, digits), digits.is_valid()


def _significant(digits: pa.Array, country: Any) -> pa.Array:
    """(n,) the national number less its trunk prefix, where what is left has a length that numbers there have; NULL:
    not sure.
    """
    less, _ = _untrunked(digits, country)
    lengths = country.general_desc.possible_length
    usual = pc.or_kleene(_has_length(less, lengths), pc.greater(pc.utf8_length(less), lengths[-1]))
    usual = pc.and_kleene(usual, pc.invert(_has_length(less, country.general_desc.possible_length_local_only)))
    return pc.if_else(usual, less, pc.if_else(less.is_valid(), digits, None))


def _valid(numbers: pa.Array, code: int) -> pa.Array:
    """(n,) national numbers -> (n,) E.164, or "" where not valid.

    The first country of the code that claims a number decides.
    """
    regions, remaining, places = regions_by_code()[code], numbers.drop_null(), pc.indices_nonzero(numbers.is_valid())
    right = []
    for region in regions:
        country = metadata(region, code)
        claims = country.leading_digits if len(regions) > 1 else ""
        mine = _begins(remaining, claims) if claims else pa.repeat(True, len(remaining))
        fits = pc.replace_with_mask(mine, mine, _fits(remaining.filter(mine), country))
        right.append(places.filter(fits))
        others = pc.invert(mine if claims else fits)
        remaining, places = remaining.filter(others), places.filter(others)
    valid = pc.is_in(pc.indices_nonzero(pa.repeat(True, len(numbers))), pa.concat_arrays(right))
    number = pc.binary_join_element_wise(f"+{code}", numbers, "")
    return pc.if_else(valid, number, pc.if_else(numbers.is_valid(), "", None))


def _fits(numbers: pa.Array, country: Any) -> pa.Array:
    """(n,) whether a number is of any type that the country has, by its length and its pattern."""
    lengths, general = pc.utf8_length(numbers), country.general_desc
    kinds = [kind for name in TYPES if (kind := getattr(country, name)) and kind.national_number_pattern]
    fits = pa.repeat(False, len(numbers))
    for length in general.possible_length:
        has_length = pc.equal(lengths, length)
        mine = numbers.filter(has_length)
        patterns = [kind.national_number_pattern for kind in kinds if length in kind.possible_length]
        if len(mine) and patterns:
            right = pc.and_kleene(
                _matches(mine, general), pc.match_substring_regex(mine, f"^(?:{'|'.join(patterns)})$")
            )
            fits = pc.replace_with_mask(fits, has_length, right)
    return fits


def _only_where(condition: pa.Array, digits: pa.Array) -> pa.Array:
    return pc.if_else(condition, digits, None)


def _begins(digits: pa.Array, prefix: str | None) -> pa.Array:
    if not prefix:
        return pc.if_else(digits.is_valid(), False, pa.scalar(None, pa.bool_()))
    return pc.match_substring_regex(digits, f"^(?:{prefix})")


def _less(digits: pa.Array, prefix: str | None) -> pa.Array:
    if not prefix:
        return digits
    uncaptured = re.sub(r"\((?!\?)", "(?:", prefix)
    return pc.struct_field(pc.extract_regex(digits, f"^(?:{uncaptured})(?P<rest>.*)$"), 0)


def _matches(digits: pa.Array, kind: Any) -> pa.Array:
    return pc.match_substring_regex(digits, f"^(?:{kind.national_number_pattern})$")


def _has_length(digits: pa.Array, lengths: tuple[int, ...]) -> pa.Array:
    return pc.is_in(pc.utf8_length(digits), pa.array(lengths, pa.int32()))


def metadata(region: str, code: int = 0) -> Any:
    """phonenumbers' own of a country (ISO alpha-2), or of a calling code of no country (+800, +883 …); None where there
    is none.
    """
    from phonenumbers import PhoneMetadata  # a tenth of a second, for those who have numbers

    if region == "001":
        return PhoneMetadata.metadata_for_nongeo_region(code)
    return PhoneMetadata.metadata_for_region(region, None)


def regions_by_code() -> Mapping[int, tuple[str, ...]]:
    """Calling code -> its countries, the main one first; 001 where it is of none."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    codes: Mapping[int, tuple[str, ...]] = COUNTRY_CODE_TO_REGION_CODE
    return codes


@cache
def _codes() -> str:
    return f"^(?P<code>{'|'.join(map(str, regions_by_code()))})"
