"""What a column's name means: its own word in the dictionary, else what its parts come to."""

import re
from functools import cache
from itertools import pairwise

from connectors.understand.dictionary import folded, noun_of, nouns, parts, plain, roles, words_of
from connectors.understand.entities import ENTITIES

UNSPACED = re.compile(r"[\u1100-\u11ff\u3040-\u9fff]")  # folded: Korean stands there in its letters
DERIVED = 20  # of rank: a word that stands in the dictionary comes first
SHORTEST = 4  # letters of a word that a number's is glued to
REFERRED = {"accounts": "account_key", "orders": "order_key", "products": "product_key"}


@cache
def meanings_of(column: str) -> list[tuple[str, str, int]]:
    """(entity, its column, rank), as `roles` has them; [] where nothing is known."""
    found = roles().get(folded(column), [])
    known, kind = {entity for entity, _, _ in found}, _numbered(column)
    return found + [m for m in (_numbers_of(*kind) if kind else []) if m[0] not in known]


def _numbers_of(entity: str, kind: str) -> list[tuple[str, str, int]]:
    """The number of what an entity's rows are: its own key, and what others call it by."""
    key = next(iter(ENTITIES.get(entity, {"": ""})))
    if entity == "people":
        return [("people", key, DERIVED), ("person", kind, DERIVED)]
    if entity in REFERRED:
        role = REFERRED[entity]
        return [(e, role, DERIVED) for e, columns in ENTITIES.items() if role in columns]
    return [(entity, key, DERIVED)] if key else []


def _numbered(column: str) -> tuple[str, str] | None:
    """nr_zamowienia, codcliente, KundenNr: the noun whose number it is, (entity, kind)."""
    words = [w for w in plain(column).split("_") if w]
    for end, rest in ((words[0], words[1:]), (words[-1], words[:-1])) if words else ():
        if rest and folded(end) in parts("number"):
            rest = [w for w in rest if w not in ("de", "do", "du", "del", "di", "of", "la", "le")]
            return _noun(rest) if rest else None
    if len(words) != 1:
        return None
    glued = folded(words[0])
    for number in parts("number"):
        for rest_of in (glued.removeprefix(number), glued.removesuffix(number)):
            if rest_of != glued and len(rest_of) >= SHORTEST and (found := nouns().get(rest_of)):
                return found[0]
    return None


def _noun(words: list[str]) -> tuple[str, str] | None:
    """The noun that words are, or end in; of sales_rep none."""
    if found := nouns().get(folded("_".join(words))) or nouns().get(folded(words[-1])):
        return found[0]
    return noun_of(words[0]) if len(words) == 1 else None


def has_part(column: str, topic: str) -> bool:
    """Whether one of a name's words is of a kind, alone or together with the next."""
    words = _words(column)
    return any(w in parts(topic) for w in [*words, *(a + b for a, b in pairwise(words))])


def _words(column: str) -> list[str]:
    """A name's words, folded; of a script without spaces the known ones in it, the longest first."""
    words = [folded(w) for w in re.split(r"[_\W]+", plain(column)) if w]
    return [found for word in words for found in (_known_in(word) if UNSPACED.search(word) else [word])]


@cache
def _known_in(word: str) -> list[str]:
    known = sorted((w for topic in words_of("parts") for w in parts(topic) if w in word and not w.isascii()), key=len)
    found, rest = [], word
    for part in reversed(known):
        if part in rest:
            found.append(part)
            rest = rest.replace(part, " ")
    return found or [word]


def amount_rank(column: str) -> int | None:
    """How likely a name is that of what a row is worth, 0 the likeliest; None where it is called otherwise.

    A net amount is likely where there is no gross one; a tax, a cost or a weight is none.
    """
    words = _words(column)
    amounts, beside = parts("amount"), parts("beside")
    is_of_tax = any(w in parts("with") | parts("without") for w in words)  # total_excl_vat is a total
    others = {w for w in words if w in beside - amounts - parts("without") - (parts("tax") if is_of_tax else set())}
    if not any(w in amounts for w in words) or others:
        return None
    return sum(w in beside for w in words)
