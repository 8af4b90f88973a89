"""The field's names in several languages, read from `words/`: of tables, of their columns, of what stands in them."""

import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from core.specs import LOADER

FOLDER = Path(__file__).with_name("words")
UMLAUTS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ł": "l", "ø": "o", "æ": "ae", "đ": "d", "œ": "oe", "ı": "i"}
)
WRAPPINGS = ("property", "properties", "attributes", "attribute", "fields", "field", "data", "raw", "col", "tbl")
SUFFIXES = {
    "dataset",
    "data",
    "table",
    "export",
    "list",
    "liste",
    "tbl",
    "csv",
    "all",
    "full",
    "raw",
    "prod",
    "report",
    "extract",
    "dump",
    "c",
    "v1",
}


def plain(text: str) -> str:
    """Letters without accents, small: Größe is groesse, Łódź lodz."""
    small = text.strip().lower().translate(UMLAUTS)
    return "".join(c for c in unicodedata.normalize("NFKD", small) if not unicodedata.combining(c))


def small(text: str) -> str:
    """In small letters as the warehouses write them: of İ an i alone."""
    return text.replace("İ", "i").lower()


def folded(text: str) -> str:
    """As words are compared: first_name, FirstName and FIRST NAME are one, groesse and grosse too.

    Letters of all scripts count.
    """
    return re.sub("([aou])e", r"\1", re.sub(r"[\W_]", "", plain(text)))


@cache
def words_of(name: str) -> dict[str, Any]:
    """One file of `words/`: nested, and at the leaves language -> words."""
    content: dict[str, Any] = yaml.load((FOLDER / f"{name}.yml").read_text(encoding="utf-8"), Loader=LOADER)
    return content


def _listed(languages: dict[str, str]) -> list[str]:
    """All words of all languages, the likeliest first of each."""
    return list(dict.fromkeys(word for words in languages.values() for word in str(words).split()))


@cache
def nouns() -> dict[str, list[tuple[str, str]]]:
    """A table's name, folded -> (entity or `other`, what one row is in English)."""
    found: dict[str, list[tuple[str, str]]] = {}
    for entity, kinds in words_of("tables").items():
        for kind, languages in kinds.items():
            for word in [*_listed(languages), kind]:
                if (entity, kind) not in found.setdefault(folded(word), []):
                    found[folded(word)].append((entity, kind))
    singular = {one: kinds for word, kinds in found.items() for one in _singulars(word)}
    return {one: kinds for one, kinds in singular.items() if one != "item"} | found  # an item is a product, too


def _singulars(word: str) -> list[str]:
    endings = [("ies", "y"), ("es", ""), ("s", "")]
    return [word.removesuffix(end) + own for end, own in endings if word.endswith(end) and len(word) > 4]


@cache
def parts(topic: str) -> frozenset[str]:
    """Folded words of one kind of part that names are made of."""
    return frozenset(folded(word) for word in _listed(words_of("parts").get(topic, {})))


@cache
def roles() -> dict[str, list[tuple[str, str, int]]]:
    """A column's name, folded -> (entity, its column, rank: 0 the likeliest word)."""
    found: dict[str, list[tuple[str, str, int]]] = {}
    for entity, columns in words_of("columns").items():
        for column, languages in columns.items():
            ranks: dict[str, int] = {}
            for words in languages.values():
                for rank, word in enumerate(str(words).split()):
                    ranks[folded(word)] = min(rank, ranks.get(folded(word), rank))
            ranks[folded(column)] = 0
            for word, rank in ranks.items():
                found.setdefault(word, []).append((entity, column, rank))
    return found


@cache
def meanings(entity: str, topic: str = "status") -> dict[str, str]:
    """A status's word, folded -> what it means for an entity; {} where none are listed."""
    topics = words_of("statuses").get(entity, {}).get(topic, {})
    return {folded(word): meaning for meaning, languages in topics.items() for word in _listed(languages)}


def listed_of(entity: str, meaning: str) -> list[str]:
    """The English words of a status: they may come later, where only others were seen."""
    languages = words_of("statuses")[entity]["status"][meaning]
    return [word.lower() for word in _listed({"en": str(languages["en"])})]


def noun_of(table_name: str) -> tuple[str, str] | None:
    """What a table's rows are by its name: the last words of it that are known, (entity, kind)."""
    words = [w for w in plain(table_name).split("_") if w]
    if whole := nouns().get(folded(table_name)):
        return whole[0]
    if len(words) > 1 and nouns().get(folded(words[-1]), [None])[0] == ("other", "log"):
        logged = noun_of("_".join(words[:-1]))
        return logged if logged and logged[0] in ("consents", "events", "messages") else ("other", "log")
    while len(words) > 1 and (words[-1] in SUFFIXES or re.fullmatch(r"\d+|v\d+|[0-9a-f]{7,}", words[-1])):
        words.pop()
    if _is_of_lines(words):
        return "order_lines", "order_line"
    for start in range(len(words)):
        if found := nouns().get(folded("_".join(words[start:]))):
            return found[0]
    for end in range(len(words) - 1, 0, -1):
        for start in range(end if words[end - 1].endswith(("s", "en", "i")) else 0):  # orders_2024, not order_tag
            if found := nouns().get(folded("_".join(words[start:end]))):
                return found[0]
    near = [_nearly(word) for word in (words[-1], words[0])] if words else []
    return next((kind for kind in near if kind), None)


def _is_of_lines(words: list[str]) -> bool:
    """pozycje_zamowien, details_facture: the lines of an order or a bill."""
    if len(words) == 1:
        return _is_compound_of_lines(folded(words[0]))
    lines = [w for w in words if folded(w) in parts("line")]
    others = [known[0] if (known := nouns().get(folded(w))) else _nearly(w) for w in words if w not in lines]
    return bool(lines) and any(found is not None and found[0] == "orders" for found in others)


def _is_compound_of_lines(word: str) -> bool:
    """Rechnungspositionen, bestellpos."""
    orders = [known for known, found in nouns().items() if found[0][0] == "orders"]
    heads = [word.removesuffix(end).removesuffix("s") for end in parts("line") if word.endswith(end) and len(end) > 2]
    return any(len(head) >= 5 and any(known.startswith(head) for known in orders) for head in heads)


def _nearly(word: str) -> tuple[str, str] | None:
    """By a long word's beginning: languages that bend their nouns have many endings."""
    given = folded(word)
    for known, found in nouns().items():
        most = max(len(given), len(known))
        if min(len(given), len(known)) >= 6 and given[: max(6, most - 2)] == known[: max(6, most - 2)]:
            return found[0]
    return None


def variants(column: str, table_words: set[str], common: str) -> list[str]:
    """A column's name, and what it is without what belongs to its table: the fewer taken off, the earlier.

    table_words     folded words for the table's rows; common: a prefix of nearly all of its columns, or ''
    """
    names = [column]
    if common and column.startswith(f"{common}_"):
        names.append(column.removeprefix(f"{common}_"))
    for name in list(names):
        words = name.split("_")
        for count in range(1, len(words)):
            head, tail = "_".join(words[:count]), "_".join(words[count:])
            if folded(head) in table_words or (count == 1 and head in WRAPPINGS):
                names.append(tail)
            elif folded(tail) in table_words:  # data_zamowienia
                names.append(head)
        if len(words) > 1 and words[-1] in ("value", "c", "field"):
            names.append("_".join(words[:-1]))
    return list(dict.fromkeys(names))


def common_prefix(columns: list[str]) -> str:
    """The first word of most of a table's columns, '' where they have none."""
    heads = [c.partition("_")[0] for c in columns if "_" in c]
    best = max(set(heads), key=heads.count, default="")
    return best if len(columns) >= 3 and heads.count(best) >= 0.6 * len(columns) else ""


@cache
def words_for(entity: str, kind: str = "") -> frozenset[str]:
    """All folded words for one row of an entity (or of one kind of it), singular and plural."""
    kinds = words_of("tables").get(entity, {})
    listed = [w for k, languages in kinds.items() if not kind or k == kind for w in [k, *_listed(languages)]]
    return frozenset(folded(form) for word in listed for form in (word, word.rstrip("s"), word.removesuffix("es")))
