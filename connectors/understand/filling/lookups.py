"""Codes whose words stand in another table: status 3 is `Shipped` in a list of statuses."""

from typing import Any

from connectors.understand.dictionary import folded, small
from connectors.understand.looking.proposal import TableProposal

MOST_ROWS, MOST_LETTERS = 60, 60  # of a list of codes; of a label


def labels_of(mapper: Any, table: TableProposal, column: str) -> dict[str, str]:
    """Code -> its label, small letters, by a small table that has all of a column's values; {} where there is none."""
    values = {value for value, _ in table.facts[column].common}
    if not values or max(map(len, values)) > MOST_LETTERS / 2:
        return {}
    for other in mapper.proposal.landed:
        if other is table or not len(values) <= other.rows <= MOST_ROWS:
            continue
        code = next((c for c in other.columns if _holds(mapper, table, column, other, c, values)), None)
        label = _label(other, code) if code else None
        if code and label:
            return _pairs(mapper, other, code, label)
    return {}


def _holds(mapper: Any, table: TableProposal, column: str, other: TableProposal, code: str, values: set[str]) -> bool:
    """Whether a column has all of the values, and not by chance: it is joined, called alike, or they are no counts."""
    facts = other.facts[code]
    if not (facts.is_unique or code in other.key) or not values <= set(facts.texts):
        return False
    is_joined = any((j.table, j.column, j.to_table) == (table.name, column, other.name) for j in mapper.plan.joins)
    is_count = all(v.isdecimal() for v in values)
    stem = folded(column.removesuffix("_id").removesuffix("_code").rpartition("_")[2])
    return is_joined or (not is_count and len(values) > 1) or (len(stem) >= 4 and stem in folded(other.name))


def _label(other: TableProposal, code: str) -> str | None:
    """The column of words beside the codes: all differ, and hardly one is a number."""
    worded = [
        c for c in other.of_type("text")
        if c != code and other.facts[c].filled == other.rows and other.facts[c].longest <= MOST_LETTERS
        and all(any(letter.isalpha() for letter in v) for v in other.facts[c].texts)
    ]  # fmt: skip
    return max(worded, key=lambda c: (other.facts[c].distinct, other.facts[c].longest), default=None)


def _pairs(mapper: Any, other: TableProposal, code: str, label: str) -> dict[str, str]:
    scratch = mapper.proposal.scratch
    cells = [scratch.cell(other.name, other.source_of(c)) for c in (code, label)]
    rows = scratch.rows(f"select {', '.join(cells)} from {scratch.table(other.name)}")
    return {small(str(value)): str(words) for value, words in rows}
