"""What the rows that lead to an order sum to, and what a column does: for doubts, and where orders have no amount."""

from typing import Any

import pyarrow as pa

from connectors.column import Column
from connectors.source import Table
from connectors.understand.dictionary import noun_of
from connectors.understand.filling.discounts import form_of
from connectors.understand.joins import Join
from connectors.understand.looking.proposal import Proposal, TableProposal
from connectors.understand.plan import Joined, Part, key_column
from connectors.understand.writing.expressions import literal, number_of, scale_of
from connectors.values.typed import typed_sql

PAID = ("value", "amount", "paid", "betrag", "montant", "importe", "valor", "importo", "bedrag", "kwota", "total")


def line_amount(part: Part) -> str:
    return part.columns.get("revenue", "")


def sums_of(mapper: Any, part: Part) -> dict[str, tuple[Joined, float]]:
    """Tables whose rows lead to an order and bear an amount: (the join, what they sum to), lines first."""
    found: dict[str, tuple[Joined, float]] = {}
    joins: list[Join] = [j for j in mapper.plan.joins if j.to_table == part.table]
    lines = {p.table: p for p in mapper.plan.of("order_lines")}
    own = key_column(mapper.proposal, part)
    for join in sorted(joins, key=lambda j: j.table not in lines):
        table, noun = mapper.proposal[join.table], noun_of(join.table)
        if join.to_column != own and join.table not in lines:
            continue
        if join.table in lines and line_amount(lines[join.table]):
            amount, total = line_amount(lines[join.table]), _lines_sum(mapper.proposal, lines[join.table])
        elif noun == ("other", "payment") and (paid := _paid(table)):
            amount, total = number_of(paid), column_sum(mapper.proposal, table, paid)
        else:
            continue
        name = f"{(noun or ('', join.table))[1]}_sums"
        parent = mapper.proposal[part.table]
        same = table.columns[join.column]["type"] == parent.columns[join.to_column]["type"]
        on = join.to_column if same else f"cast({join.to_column} as {{{{ type_of('text') }}}})"
        found[join.table] = Joined(name, join.table, on, join.column, sums={"revenue": amount}, as_text=not same), total
    return found


def _paid(table: TableProposal) -> str | None:
    numbers = [c for c in table.of_type("number", "integer") if set(c.split("_")) & set(PAID)]
    return numbers[0] if numbers else None


def _lines_sum(proposal: Proposal, part: Part) -> float:
    """Of the rows that were looked at, as the model will sum them."""
    table = proposal[part.table]
    by_role = {role: column for column, role in part.placed.items()}
    if own := by_role.get("revenue"):
        return column_sum(proposal, table, own)
    if "unit_price" not in by_role:
        return 0.0
    return column_sum(proposal, table, by_role["unit_price"], by_role.get("quantity"), by_role.get("discount"))


def column_sum(
    proposal: Proposal,
    table: TableProposal,
    column: str,
    times: str | None = None,
    discount: str | None = None,
    where: tuple[str, set[str]] | None = None,
) -> float:
    """A column's sum by the source's own rows, cents as what they are; times another's, less a discount.

    where    a column and its values, small letters: of these rows alone
    """
    worth = " * ".join(number_sql(proposal, table, name) for name in (column, times) if name)
    if discount:
        less = f"coalesce({number_sql(proposal, table, discount)}, 0)"
        form = form_of(table, discount)
        off = less if form == "amount" else f"{worth} * {less}{' / 100' if form == 'percent' else ''}"
        worth = f"{worth} - {off}"
    rows = f"{proposal.scratch.table(table.name)}{_condition(proposal, table, where)}"
    return float(proposal.scratch.one(f"select sum({worth}) from {rows}") or 0) * scale_of(column)


def number_sql(proposal: Proposal, table: TableProposal, column: str) -> str:
    """A cell as the number that a pull reads."""
    written = {k: table.reading[k] for k in ("decimal", "thousands") if table.reading.get(k)}
    stub = Table(kind="files", pattern="x", columns={"v": Column(type="text")}, **written)
    as_written = {k: v for k, v in table.columns[column].items() if k in ("unit", "accounting", "words")}
    cell = proposal.scratch.cell(table.name, table.source_of(column))
    return f"try_cast({typed_sql(cell, Column(type='number', **as_written), pa.string(), stub)} as double)"


def _condition(proposal: Proposal, table: TableProposal, where: tuple[str, set[str]] | None) -> str:
    if where is None:
        return ""
    column, values = where
    cell = proposal.scratch.cell(table.name, table.source_of(column))
    return f" where lower({cell}) in ({', '.join(map(literal, values))})"
