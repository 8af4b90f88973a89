"""What other tables say of people: their address, their name, their town, over joins that lead to one row each."""

from typing import Any

from connectors.understand.dictionary import noun_of
from connectors.understand.filling.made import OF_PERSONS
from connectors.understand.filling.persons import chain
from connectors.understand.joins import Join
from connectors.understand.looking.proposal import TableProposal
from connectors.understand.matching import match
from connectors.understand.plan import MEDIUM, Doubt, Joined, Part

OF_ONE = {"email", "phone", "first_name", "last_name", "full_name", "birth_date", "gender"}  # of one human alone
OTHERS = ("staff", "seller", "account", "order", "product")  # rows whose names and addresses are not the person's
MOST_STEPS, FOUND = 3, 0.5  # joins; share of the rows that lead there


def fill_from_joined(mapper: Any, part: Part) -> None:
    """Columns that the people's own table lacks, from the nearest table that has them."""
    if part.known_as or part.is_made:
        return
    table: TableProposal = mapper.proposal[part.table]
    for path in _paths(mapper, table):
        target: TableProposal = mapper.proposal[path[-1].to_table]
        offered = match(target, "people").columns
        wanted = {r: c for r, c in offered.items() if _is_wanted(mapper, part, r, path)}
        if wanted:
            _take(mapper, part, path, target, wanted)


def _is_wanted(mapper: Any, part: Part, role: str, path: list[Join]) -> bool:
    if role in part.columns or role not in OF_PERSONS | {"full_name"}:
        return False
    names = {"first_name", "last_name", "full_name"}
    if role == "full_name" and names & set(part.columns):
        return False
    is_address = (noun_of(path[-1].to_table) or ("", ""))[1] == "address"
    return role not in OF_ONE or all(_is_one_to_one(mapper, j) for j in path) or (is_address and role == "phone")


def _is_one_to_one(mapper: Any, join: Join) -> bool:
    facts = mapper.proposal[join.table].facts[join.column]
    return bool(facts.distinct == facts.filled)


def _paths(mapper: Any, table: TableProposal) -> list[list[Join]]:
    """Ways to other tables of one row each, the shortest first; not over staff, sellers and what is an entity's."""
    taken = {part.table for part in mapper.plan.parts}
    reached: dict[str, list[Join]] = {table.name: []}
    queue = [table.name]
    while queue:
        at = queue.pop(0)
        for join in _steps(mapper, at):
            noun = noun_of(join.to_table) or ("", "")
            is_others = join.to_table in taken or noun[1] in OTHERS
            if join.to_table not in reached and not is_others and len(reached[at]) < MOST_STEPS:
                reached[join.to_table] = [*reached[at], join]
                queue.append(join.to_table)
    return [path for path in reached.values() if path]


def _steps(mapper: Any, at: str) -> list[Join]:
    """Joins that lead from a table to one row: to a parent, or to a child whose number is its own as well."""
    forward = [j for j in mapper.plan.joins if j.table == at and j.share >= FOUND]
    back = [
        Join(j.to_table, j.to_column, j.table, j.column, j.found, j.of, j.by_name)
        for j in mapper.plan.joins
        if j.to_table == at and mapper.proposal[j.table].facts[j.column].is_unique
    ]
    return [*forward, *back]


def _take(mapper: Any, part: Part, path: list[Join], target: TableProposal, wanted: dict[str, str]) -> None:
    cells = {r: f"{c}__normalised" if target.columns[c].get("identifier") else c for r, c in wanted.items()}
    joined = chain(mapper.proposal, path, list(cells.values()))
    for one in joined:
        _add(part, one)
    for role, cell in cells.items():
        last = f"{joined[-1].name}__{cell}"
        is_text = target.columns[wanted[role]]["type"] == "text" and not cell.endswith("__normalised")
        shown = f"{{{{ clean('{last}') }}}}" if is_text else last
        part.columns |= {"first_name": shown} if role == "full_name" else {role: shown}
    told = f"{', '.join(sorted(wanted))} of people are taken from {target.name}, over {path[0].column}"
    mapper.plan.doubts.append(Doubt(MEDIUM, part.table, told, "", path[0].column))


def _add(part: Part, one: Joined) -> None:
    known = part.join(one.name)
    if known is None:
        part.joined.append(one)
    else:
        known.columns += [c for c in one.columns if c not in known.columns]
