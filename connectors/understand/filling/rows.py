"""Which rows of a table are none of the entity's: deleted ones, tests, and those without what a mart must have."""

from typing import Any

from connectors.understand.looking.proposal import NOTHING, TableProposal
from connectors.understand.plan import MEDIUM, Doubt, Part
from connectors.understand.writing.trial import wanted_by_mart

NEEDED_TIMES = {"orders": "ordered_at", "events": "occurred_at", "messages": "occurred_at"}
DELETED = ("fivetran_deleted", "is_deleted", "isdeleted", "deleted", "is_removed", "removed")
DELETED_AT = ("deleted_at", "removed_at", "deleted_on", "date_deleted", "archived_at")
TESTS = {"is_test": "true", "test": "true", "test_order": "true", "is_internal": "true", "livemode": "false",
         "live_mode": "false", "is_live": "false"}  # fmt: skip


def leave_out(mapper: Any, part: Part) -> None:
    """Add the conditions under which a row counts, each told with its rows."""
    table: TableProposal = mapper.proposal[part.table]
    for column in table.columns:
        condition, why = _condition(table, column)
        if condition and not any(column in c for c in part.where):
            part.where.append(condition)
            part.placed.setdefault(column, "deleted")
            _tell(mapper, part, table, column, why)
    if not part.is_made:
        _without_nothing(mapper, part, table)


def _condition(table: TableProposal, column: str) -> tuple[str, str]:
    kind, facts = table.columns[column]["type"], table.facts[column]
    if kind == "boolean" and column in DELETED:
        return f"not coalesce({column}, false)", "deleted"
    if kind == "timestamp" and column in DELETED_AT and facts.filled:
        return f"{column} is null", "deleted"
    if kind == "boolean" and column in TESTS and facts.filled:
        wanted = "not " if TESTS[column] == "true" else ""
        return f"{wanted}coalesce({column}, {'false' if wanted else 'true'})", "tests"
    return "", ""


def _tell(mapper: Any, part: Part, table: TableProposal, column: str, why: str) -> None:
    rows = _rows(mapper, table, column, part.where[-1])
    if rows:
        mapper.plan.doubts.append(
            Doubt(MEDIUM, table.name, f"{rows} rows are {why} by {column}: no {part.entity} of them", "", column)
        )


def _rows(mapper: Any, table: TableProposal, column: str, condition: str) -> int:
    """How many of the rows that were looked at do not meet it; the words of booleans as `_condition` reads them."""
    words = dict(table.facts[column].common)
    if table.columns[column]["type"] == "boolean":
        out = ("t", "true", "1", "y", "yes") if condition.startswith("not") else ("f", "false", "0", "n", "no")
        return sum(rows for word, rows in words.items() if word.lower() in out)
    empty = sum(rows for word, rows in words.items() if word.lower() in NOTHING)
    if not words:
        cell, scratch = mapper.proposal.scratch.cell(table.name, table.source_of(column)), mapper.proposal.scratch
        listed = ", ".join(f"'{word}'" for word in NOTHING)
        empty = scratch.one(f"select count(*) from {scratch.table(table.name)} where lower({cell}) in ({listed})")
    return int(table.facts[column].filled - empty)


def _without_nothing(mapper: Any, part: Part, table: TableProposal) -> None:
    """A row without its date is no order yet: drafts, carts."""
    wanted = wanted_by_mart(mapper.settings.root, part.entity) | {NEEDED_TIMES.get(part.entity, "")}
    for column, role in list(part.placed.items()):
        facts = table.facts[column]
        lacks = facts.filled < facts.rows or any(v.lower() in NOTHING for v in facts.texts)
        if role == "status":
            continue  # an order without one is an order
        if role in wanted and part.columns.get(role, "").find(column) >= 0 and lacks and facts.filled:
            part.where.append(f"{column} is not null")
            empty = facts.rows - _rows(mapper, table, column, f"{column} is null")
            if empty:
                mapper.plan.doubts.append(
                    Doubt(MEDIUM, table.name, f"{empty} rows have no {column}: no {part.entity} of them", "", column)
                )
