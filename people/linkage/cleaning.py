"""Records as they are compared: small plain letters, no titles, no legal forms, no placeholders; NULL where nothing is
left. Each distinct text is looked at once.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from people.linkage.spec import COLUMNS, DERIVED, LinkageSpec

TITLES = "mr|mrs|ms|miss|mx|dr|prof|sir|herr|frau|fru|mme|mlle|monsieur|madame|sig|sra|srta|don|dona"
NOBODY = (
    "unknown|test|tester|testing|none|null|na|n a|nan|name|first name|last name|firstname|lastname|anonymous|guest|xxx"
    "|no name|noname|unbekannt|inconnu|customer|kunde|todo|tbd"
)
LEGAL_FORMS = (
    "ltd|limited|llc|llp|lp|inc|incorporated|corp|corporation|co|company|plc|gmbh|mbh|ag|kg|kgaa|ug|ohg|gbr|e k|se|sa"
    "|sas|sarl|s a|s l|sl|srl|s r l|spa|s p a|bv|b v|nv|n v|oy|oyj|ab|as|a s|aps|sp z o o|pty|pvt|group|holding"
)
STREETS = (("strasse|str|straat|straße", "str"), ("street", "st"), ("road", "rd"), ("avenue|ave", "av"),
           ("crescent", "cres"), ("place", "pl"), ("drive", "dr"), ("court", "ct"), ("lane", "ln"),
           ("close", "cl"), ("terrace", "ter"), ("gardens", "gdns"), ("square", "sq"))  # fmt: skip
OLDEST, NO_DATE = 120, "1900-01-01"  # years that anybody lives; what stands where nobody knows
TEXT = pa.string()
Columns = dict[str, pa.Array]


def clean(records: pa.Table, spec: LinkageSpec, today: int, placeholder_dates: tuple[str, ...] = ()) -> pa.Table:
    """COLUMNS and DERIVED of each record as texts, beside record_id, source and `row`: its place by record_id, without
    those that have none. Of a record_id that comes more than once only the first row counts.

    today   days since 1970: nobody is born later
    """
    records = _each_once(records)
    believed = _believed(records, spec)
    columns = {name: _folded(believed[name], CLEANERS[name]) for name in CLEANERS}
    columns["birth_date"] = _birth_dates(believed["birth_date"], today, placeholder_dates)
    columns = _split_full_names(columns, _folded(believed["full_name"], _name))
    columns |= _derived(columns)
    kept = {name: columns[name] for name in (*COLUMNS, *DERIVED)}
    places = pa.array(np.arange(records.num_rows, dtype=np.int64))
    return pa.table({"row": places, "record_id": records["record_id"], "source": records["source"], **kept})


def _each_once(records: pa.Table) -> pa.Table:
    ids = records["record_id"].cast(TEXT).combine_chunks()
    records = records.set_column(records.schema.get_field_index("record_id"), "record_id", ids)
    records = records.filter(pc.is_valid(records["record_id"]))
    order = pc.sort_indices(records["record_id"].combine_chunks())
    records = records.take(order)
    ids = records["record_id"].combine_chunks()
    if len(ids) < 2:
        return records
    is_first = pa.concat_arrays([pa.array([True]), pc.not_equal(ids.slice(1), ids.slice(0, len(ids) - 1))])
    return records.filter(is_first)


def _believed(records: pa.Table, spec: LinkageSpec) -> Columns:
    """The columns that cleaning reads, of text; NULL where the table lacks one or its source is not believed."""
    columns: Columns = {}
    for name in (*COLUMNS, "full_name"):
        if name not in records.column_names:
            columns[name] = pa.nulls(records.num_rows, TEXT)
            continue
        values = records[name].cast(TEXT).combine_chunks()
        doubted = [source for source, rule in spec.sources.items() if name in rule.unreliable]
        if doubted and "source" in records.column_names:
            is_doubted = pc.is_in(records["source"].cast(TEXT).combine_chunks(), value_set=pa.array(doubted, TEXT))
            values = pc.if_else(is_doubted, None, values)
        columns[name] = values
    return columns


def _folded(values: pa.Array, cleaner: Callable[[pa.Array], pa.Array]) -> pa.Array:
    encoded = values.dictionary_encode()
    cleaned = cleaner(encoded.dictionary.cast(TEXT))
    cleaned = pc.if_else(pc.equal(cleaned, ""), None, cleaned)
    return cleaned.take(encoded.indices)


def _plain(texts: pa.Array) -> pa.Array:
    """Small Latin letters and digits with single spaces between; other scripts are written in Latin."""
    from text_unidecode import unidecode

    is_plain = pc.string_is_ascii(texts)
    if pc.any(pc.invert(is_plain)).as_py():
        odd = texts.filter(pc.invert(is_plain))
        texts = pc.replace_with_mask(
            texts, pc.invert(is_plain), pa.array([unidecode(t) for t in odd.to_pylist()], TEXT)
        )
    texts = pc.replace_substring_regex(pc.utf8_lower(texts), "['`´’]", "")
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(texts, "[^a-z0-9]+", " "))


def _name(texts: pa.Array) -> pa.Array:
    names = pc.replace_substring_regex(_plain(texts), f"^(?:(?:{TITLES}) )+", "")
    return pc.replace_substring_regex(names, f"^(?:{NOBODY}|[0-9 ]+)$", "")


def _street(texts: pa.Array) -> pa.Array:
    streets = _plain(texts)
    for words, short in STREETS:
        streets = pc.replace_substring_regex(streets, rf"\b(?:{words})\b", short)
    return pc.replace_substring_regex(streets, "strasse", "str")


def _company(texts: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(_plain(texts), f"(?: (?:{LEGAL_FORMS}))+$", "")


def _tight(texts: pa.Array) -> pa.Array:
    return pc.replace_substring(_plain(texts), " ", "")


def _email(texts: pa.Array) -> pa.Array:
    """The mailbox: Gmail reads neither dots nor what follows a plus sign."""
    addresses = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
    addresses = pc.replace_substring_regex(addresses, "@googlemail[.]com$", "@gmail.com")
    is_gmail = pc.ends_with(addresses, "@gmail.com")
    local = pc.replace_substring(pc.replace_substring_regex(addresses, r"(?:\+.*)?@.*$", ""), ".", "")
    return pc.if_else(is_gmail, pc.binary_join_element_wise(local, "gmail.com", "@"), addresses)


def _strong_id(texts: pa.Array) -> pa.Array:
    """What numbers it, and the number: those of two namespaces cannot be compared."""
    parts = pc.extract_regex(texts, r"^id:(?P<namespace>[^:]*):(?P<number>.*)$")
    number = _tight(pc.coalesce(pc.struct_field(parts, "number"), texts))
    named = pc.binary_join_element_wise(pc.coalesce(pc.struct_field(parts, "namespace"), "id"), number, " ")
    return pc.if_else(pc.equal(number, ""), None, named)


def _trimmed(texts: pa.Array) -> pa.Array:
    return pc.utf8_trim_whitespace(texts)


CLEANERS: Mapping[str, Callable[[pa.Array], pa.Array]] = {
    "strong_id": _strong_id, "first_name": _name, "last_name": _name, "email": _email, "phone": _trimmed,
    "street": _street, "city": _plain, "postal_code": _tight, "country": _tight, "company": _company,
    "work_domain": _email,
}  # fmt: skip


def _birth_dates(values: pa.Array, today: int, placeholders: tuple[str, ...]) -> pa.Array:
    """YYYY-MM-DD between the oldest person's birth and today; compared as text, so that a wrong month still tells."""
    latest = date(1970, 1, 1) + timedelta(days=today)
    earliest = max(latest.replace(year=latest.year - OLDEST, day=1).isoformat(), NO_DATE)
    is_iso = pc.match_substring_regex(values, r"^\d{4}-\d\d-\d\d$")
    is_possible = pc.and_(pc.less_equal(values, latest.isoformat()), pc.greater(values, earliest))
    is_meant = pc.invert(pc.is_in(values, value_set=pa.array(placeholders, TEXT)))
    return pc.if_else(pc.and_(pc.and_(is_iso, is_possible), is_meant), values, None)


def _split_full_names(columns: Columns, full: pa.Array) -> Columns:
    """Where a source gives one name alone, its last word is the family's."""
    is_alone = pc.and_(pc.and_(pc.is_null(columns["first_name"]), pc.is_null(columns["last_name"])), pc.is_valid(full))
    words = pc.extract_regex(full, r"^(?P<first>.*?) ?(?P<last>[^ ]+)$")
    first = pc.if_else(pc.equal(words.field("first"), ""), None, words.field("first"))
    first = pc.if_else(words.is_valid(), first, None)
    last = pc.if_else(words.is_valid(), words.field("last"), None)
    return columns | {
        "first_name": pc.if_else(is_alone, first, columns["first_name"]),
        "last_name": pc.if_else(is_alone, last, columns["last_name"]),
    }


def _derived(columns: Columns) -> Columns:
    return {
        "first_initial": pc.utf8_slice_codeunits(columns["first_name"], 0, 1),
        "last_name_start": pc.utf8_slice_codeunits(pc.replace_substring(columns["last_name"], " ", ""), 0, 4),
        "birth_year": pc.utf8_slice_codeunits(columns["birth_date"], 0, 4),
        "email_local": pc.replace_substring_regex(columns["email"], r"(?:\+.*)?@.*$", ""),
        "address": pc.binary_join_element_wise(columns["postal_code"], columns["street"], " "),
    }
