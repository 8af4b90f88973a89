"""Numbers that one human has wherever they appear: national and tax numbers, memberships, and what two tables of people
share though it is the key of neither.
"""

from typing import Any

from connectors.understand.looking.proposal import TableProposal
from connectors.understand.names import meanings_of
from connectors.understand.plan import MEDIUM, Doubt, Part

EVERYWHERE = ("national_id", "tax_id")  # numbered by a state: the same namespace in all sources
ROLES = (*EVERYWHERE, "membership_id")
MOST = 3  # of one record: macros/references.sql
FITTING, NEARLY_UNIQUE, SHARED = 0.5, 0.9, 0.3  # shares of different values by name, by values, and found elsewhere
ENOUGH, SHORTEST = 10, 4  # values and signs by which a number is known without a name


def declare_strong_ids(table: TableProposal) -> None:
    """Of a table that was looked at: what its name says is such a number, and whose values differ, is declared so."""
    for column, declared in table.columns.items():
        role = next((r for e, r, _ in meanings_of(column) if e == "people" and r in ROLES), None)
        facts = table.facts[column]
        if role and declared["type"] in ("text", "integer") and facts.distinct >= FITTING * facts.filled > 0:
            _declare(table, column, role)


def fill_strong_ids(mapper: Any, part: Part) -> None:
    """strong_ids of a table of people; which columns it takes, and that they join whatever the names say, is told."""
    if part.known_as or part.is_made:
        return
    table: TableProposal = mapper.proposal[part.table]
    for column in list(table.columns):
        if column not in part.placed and column not in table.key and _is_shared(mapper, table, column):
            _declare(table, column, f"{mapper.source}_{column}")
            part.placed[column] = "strong_ids"
    found = [c for c, d in table.columns.items() if d.get("identifier") == "id" and c not in table.key][:MOST]
    numbers = {}
    for column in found:
        part.placed[column] = "strong_ids"
        namespace = table.columns[column]["namespace"]
        if namespace == "membership_id":
            namespace = table.columns[column]["namespace"] = f"{mapper.source}_membership"
        numbers[namespace] = f"{column}__normalised"
        mapper.persons.note(namespace, table.name, column)
        mapper.plan.doubts.append(Doubt(
            MEDIUM, table.name, f"{column} is taken for a number that one human has: equal ones are one person, "
            "whatever their names",
            "Take `identifier: id` out of the source file, and the column out of strong_ids, where it is not", column,
        ))  # fmt: skip
    if numbers:
        part.columns["strong_ids"] = f"{{{{ strong_ids({numbers}) }}}}"


def _declare(table: TableProposal, column: str, namespace: str) -> None:
    kept = {key: value for key, value in table.columns[column].items() if key in ("from", "required")}
    table.columns[column] = {"type": "text"} | kept | {"identifier": "id", "namespace": namespace}


def _is_shared(mapper: Any, table: TableProposal, column: str) -> bool:
    """Whether nearly each row has another, and another table of people has many of the same."""
    facts = table.facts[column]
    if table.columns[column]["type"] not in ("text", "integer") or table.columns[column].get("identifier"):
        return False
    if facts.filled < ENOUGH or facts.shortest < SHORTEST or facts.distinct < NEARLY_UNIQUE * facts.filled:
        return False
    people = {part.table for part in mapper.plan.of("people")} - {table.name}
    sides = [(j.table, j.column, j.to_table, j.to_column, j.share) for j in mapper.plan.joins]
    sides += [(j.to_table, j.to_column, j.table, j.column, j.share) for j in mapper.plan.joins]
    return any(
        (at, of) == (table.name, column) and to in people and to_column not in mapper.proposal[to].key
        and mapper.proposal[to].facts[to_column].distinct >= NEARLY_UNIQUE * mapper.proposal[to].facts[to_column].filled
        and share >= SHARED
        for at, of, to, to_column, share in sides
    )  # fmt: skip
