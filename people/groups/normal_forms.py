"""Addresses, names and domains as they are compared: what is spelt differently and means the same is one text.

Each distinct text is read once, in Arrow; what follows is SQL on the workbench.
"""

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from people.linkage.cleaning import CLEANERS

TEXT = pa.string()
UMLAUTS = "regexp_replace({}, '([aou])e', '\\1', 'g')"  # ue is how many write ü, of which unidecode leaves u
PARTICLES = (
    "von", "van", "vom", "der", "den", "de", "del", "della", "di", "da", "das", "dos", "du", "la", "le", "el", "al",
    "bin", "ibn", "ben", "zu", "zur", "zum", "und", "and", "y", "e", "the", "jr", "sr", "ter", "ten",
)  # fmt: skip
# words before a flat's number; the weak ones mean that before a digit alone
UNITS = (
    "flat|apartment|apt|appartement|appt|unit|suite|ste|wohnung|whg|wohneinheit|tuer|tur|stiege|zimmer|room|rm|lgh"
    "|leilighet|kvartira|kv|puerta|pta|interno|byt|mieszkanie|apto|bus|lejlighed"
)
WEAK_UNITS = "app|top|int|no|nr|m|w|we|box"
FLOORS = "floor|fl|og|stock|stockwerk|etage|piso|andar|piano|verdieping"
STREETS = {
    "strasse|straat|str": "str", "street": "st", "road": "rd", "avenue|ave|av": "av", "boulevard|blvd|bd": "bd",
    "crescent": "cres", "place|pl|platz": "pl", "drive": "dr", "court": "ct", "lane": "ln", "square": "sq",
    "weg|wg": "weg", "gasse|g": "g", "allee|al": "al", "calle|c": "c", "ulica|ulitsa|ul": "ul", "via": "via",
}  # fmt: skip


def folded(values: pa.ChunkedArray, cleaner: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Each distinct text cleaned once; NULL where nothing is left."""
    encoded = values.cast(TEXT).combine_chunks().dictionary_encode()
    cleaned = cleaner(encoded.dictionary.cast(TEXT))
    return pc.if_else(pc.equal(cleaned, ""), None, cleaned).take(encoded.indices)


def plain(texts: pa.Array) -> pa.Array:
    """Small Latin letters and digits, single spaces."""
    return CLEANERS["city"](texts)


def street_text(texts: pa.Array) -> pa.Array:
    """As `plain`; a # before a flat's number is a word, and a slash or dash parts what stands beside it."""
    return plain(pc.replace_substring(texts, "#", " unit "))


def domain_text(texts: pa.Array) -> pa.Array:
    """The host alone, small, as it is registered (xn--…); NULL of what is none."""
    hosts = pc.replace_substring_regex(pc.utf8_lower(pc.utf8_trim_whitespace(texts)), "^[a-z][a-z0-9+.-]*://", "")
    hosts = pc.replace_substring_regex(hosts, "^.*@|[/:?#].*$", "")
    hosts = pc.replace_substring_regex(hosts, "^www[.]|[.]+$", "")
    is_plain = pc.string_is_ascii(hosts)
    if not pc.all(is_plain).as_py():
        odd = hosts.filter(pc.invert(is_plain)).to_pylist()
        hosts = pc.replace_with_mask(hosts, pc.invert(is_plain), pa.array([_registered(host) for host in odd], TEXT))
    return pc.if_else(pc.match_substring_regex(hosts, r"^[a-z0-9_-]+(?:\.[a-z0-9_-]+)+$"), hosts, None)


def _registered(host: str) -> str | None:
    import idna

    try:
        return idna.encode(host, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        return None


def name_word(word: str) -> str:
    """SQL: a word of a family name without the endings of gender (Nováková, Kowalska)."""
    text = UMLAUTS.format(word)
    for pattern in ("^(.{3,})(?:ov|ev)a?$", "^(.{3,}[cs]k)[aiy]$"):
        text = f"regexp_replace({text}, '{pattern}', '\\1')"
    return text


def area(postal_code: str, city: str) -> str:
    """SQL: the postal code, else the city."""
    code = f"regexp_replace({postal_code}, '^(?:[a-z]{{1,2}})?([0-9]{{4,5}})(?:[0-9]{{4}})?$', '\\1')"
    return f"coalesce({code}, {UMLAUTS.format(city)})"


def unit(street: str) -> str:
    """SQL: flat and floor of a street's text; NULL where it names none."""
    words = (rf"\b(?:(?:{UNITS}) ?)+([0-9]+ ?[a-z]?|[a-z])\b", rf"\b(?:{WEAK_UNITS}) ?([0-9]+ ?[a-z]?)\b",
             rf"\b([0-9]+) ?(?:st|nd|rd|th)? ?(?:{FLOORS})\b")  # fmt: skip
    found = ", ".join(f"nullif(replace(regexp_extract({street}, '{word}', 1), ' ', ''), '')" for word in words)
    return f"nullif(concat_ws(' ', {found}), '')"


def house(street: str) -> str:
    """SQL: street and number without flat and floor, in the order of the alphabet: some write the number first."""
    text = street
    for word in (rf"\b(?:(?:{UNITS}) ?)+(?:[0-9]+ ?[a-z]?|[a-z])\b", rf"\b(?:{WEAK_UNITS}) ?[0-9]+ ?[a-z]?\b",
                 rf"\b[0-9]+ ?(?:st|nd|rd|th)? ?(?:{FLOORS})\b"):  # fmt: skip
        text = f"regexp_replace({text}, '{word}', ' ', 'g')"
    text = UMLAUTS.format(f"regexp_replace({text}, '\\b([0-9]+) ([a-z])\\b', '\\1\\2', 'g')")
    text = f"regexp_replace({text}, '(strasse|straat|str)\\b', ' str', 'g')"
    for words, short in STREETS.items():
        text = f"regexp_replace({text}, '\\b(?:{words})\\b', '{short}', 'g')"
    words = f"list_filter(string_split({text}, ' '), lambda word: word <> '')"
    return f"nullif(array_to_string(list_sort({words}), ' '), '')"
