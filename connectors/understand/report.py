"""The answer of `fairlead new source`: what each table was taken for and why, what is joined, what is in doubt."""

from typing import Any

from connectors.understand.looking.proposal import Proposal, TableProposal
from connectors.understand.plan import Understanding
from core.identifiers import mask

SHOWN = 3  # examples of a column
PERSONAL = {"first_name", "last_name", "full_name", "birth_date", "email", "phone", "handle", "person_ref", "record_id"}


def report(name: str, proposal: Proposal, plan: Understanding) -> dict[str, Any]:
    """For people and machines; examples are masked."""
    tables = [_table(proposal, plan, table) for table in proposal.tables]
    return {
        "source": name,
        "tables": tables,
        "joins": [join.as_dict() for join in plan.joins],
        "namespaces": plan.namespaces,
        "doubts": [doubt.as_dict() for doubt in plan.doubts],
        "entities": {t["table"]: ", ".join(t["taken_for"]) for t in tables if t["taken_for"]},
        "unmapped_tables": [t["table"] for t in tables if not t["taken_for"]],
        "unmapped_columns": {t["table"]: [c["column"] for c in t["not_placed"]] for t in tables if t["not_placed"]},
        "notes": proposal.notes,
    }


def _table(proposal: Proposal, plan: Understanding, table: TableProposal) -> dict[str, Any]:
    parts = [part for part in plan.parts if part.table == table.name]
    placed: dict[str, list[str]] = {}
    for part in parts:
        for column, role in part.placed.items():
            placed.setdefault(column, []).append(f"{part.entity}.{role}")
    columns = [
        {"column": c, "type": table.columns[c]["type"], "placed": placed[c],
         "samples": _samples(proposal, table, c, placed[c])}
        for c in table.columns if c in placed
    ]  # fmt: skip
    free = [
        {"column": c, "type": d["type"], "samples": _samples(proposal, table, c, []), "filled": table.facts[c].filled}
        for c, d in table.columns.items() if c not in placed
    ]  # fmt: skip
    return {
        "table": table.name, "rows": table.rows, "is_whole": table.is_whole,
        "taken_for": list(dict.fromkeys(part.entity for part in parts)),
        "because": [part.because for part in parts] or [_other(plan, table)],
        "key": table.key, "key_because": table.key_because, "cursor": table.cursor,
        "columns": columns, "not_placed": free,
        "assumed": {f"{p.entity}.{c}": v for p in parts for c, v in p.assumed.items()},
    }  # fmt: skip


def _other(plan: Understanding, table: TableProposal) -> str:
    noun = plan.nouns.get(table.name)
    return f"its name says {noun}, which is no entity" if noun else "neither its name nor its columns are an entity's"


def _samples(proposal: Proposal, table: TableProposal, column: str, placed: list[str]) -> list[str]:
    """Some of its values, masked where they may be somebody's."""
    is_personal = bool({p.rpartition(".")[2] for p in placed} & PERSONAL)
    source = table.source_of(column)
    if source not in proposal.scratch.columns[table.name]:
        return []
    values = proposal.scratch.examples(table.name, source, SHOWN)
    facts = table.facts[column]
    is_word = facts.distinct <= 60 and facts.rows > 2 * facts.distinct
    is_amount = table.columns[column]["type"] in ("timestamp", "date", "number", "boolean")
    is_shown = (is_word or is_amount) and "identifier" not in table.columns[column] and not is_personal
    return [v[:40] if is_shown else (mask(v) or "") for v in values]
