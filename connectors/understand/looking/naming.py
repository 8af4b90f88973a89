"""What tables and columns are called here: snake_case in Latin letters, as source files want it."""

import re

from text_unidecode import unidecode

from connectors.column import SQL_WORDS
from connectors.understand.dictionary import noun_of, plain
from connectors.understand.names import meanings_of

CLEARER = {"timestamp": "occurred_at", "at": "occurred_at", "end": "ended_at", "order": "order_no"}


def _in_latin(text: str) -> str:
    kinds = meanings_of(text)
    if kinds:
        entity, role, _ = min(kinds, key=lambda k: (k[0] != "person", k[2]))
        return f"{role}_id" if entity == "person" else role
    return unidecode(text)


def table_name(text: str) -> str:
    """As `column_name`; in another script a table is called by what its rows are."""
    noun = None if plain(text).isascii() else noun_of(text)
    return noun[0] if noun and noun[0] != "other" else column_name(text)


def column_name(text: str) -> str:
    """snake_case, as source files want it: accents are taken off; other scripts by their meaning, or by their sound."""
    if not plain(text).isascii():
        text = _in_latin(text)
    snake = plain(re.sub(r"(?<=[a-z0-9äöüß])(?=[A-ZÄÖÜ])|(?<=[A-Z])(?=[A-Z][a-z])", "_", text))
    snake = re.sub(r"_+", "_", re.sub(r"[^a-z0-9]+", "_", snake)).strip("_")[:50].rstrip("_")
    snake = CLEARER.get(snake, f"{snake}_value" if snake in SQL_WORDS else snake)
    return snake if snake[:1].isalpha() else f"column_{snake}".rstrip("_") if snake else ""
