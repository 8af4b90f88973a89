"""Refunds that stand apart from their orders: each a return, an order of its own with a negative amount on its day."""

import re
from typing import Any

from connectors.understand.dictionary import folded, noun_of
from connectors.understand.filling.orders_sums import column_sum
from connectors.understand.joins import Join
from connectors.understand.looking.proposal import TableProposal
from connectors.understand.matching import match
from connectors.understand.names import amount_rank
from connectors.understand.plan import HEAVY, MEDIUM, Doubt, Joined, Part
from connectors.understand.writing.expressions import expression, literal, number_of, text

ORDER = "returned_order"  # the joined order of a refund
REFUND_WORDS = re.compile(r"(^|_)(refund|refunded|return|returned|credit|chargeback)(?=_|$)")
OPEN = {
    "failed", "cancelled", "canceled", "pending", "declined", "rejected", "requested", "open", "draft", "void",
    "voided", "denied", "processing", "in_progress", "in_review", "new", "error",
}  # fmt: skip
LATEST = ("refunded", "processed", "completed", "created", "date")  # parts of the name of when money went back
TEMPLATE_OR_QUOTED = re.compile(r"(\{\{.*?\}\}|'(?:[^']|'')*')", re.DOTALL)


def fill_returns(mapper: Any) -> None:
    """One table of refunds is taken off; of two that lead to the same orders the one with fewer rows."""
    found = [(table, join) for table in mapper.proposal.landed if (join := _order_of(mapper, table))]
    found.sort(key=lambda pair: pair[0].rows)
    taken = False
    for table, join in found:
        amount = _amount(table, join)
        if amount is None or taken:
            _told(mapper, table, amount, "beside another table of them" if taken else "no amount was found")
            continue
        mapper.plan.parts.append(_returns(mapper, table, join, amount))
        taken = True


def _order_of(mapper: Any, table: TableProposal) -> Join | None:
    """By which column a table of refunds names its orders."""
    if noun_of(table.name) != ("other", "refund") or table.name in mapper.known or not table.rows:
        return None
    for join in mapper.plan.joins:
        orders = mapper.plan.part(join.to_table, "orders") if join.table == table.name else None
        if orders and not orders.is_made and not orders.known_as:
            return join
    return None


def _amount(table: TableProposal, join: Join) -> str | None:
    """The likeliest sum of money by its name, once the word for a refund is off it."""
    ranks = {}
    for position, column in enumerate(table.of_type("number", "integer")):
        bare = REFUND_WORDS.sub("", column).strip("_") or "amount"
        rank = amount_rank(bare)
        if rank is not None and column != join.column and column not in table.key:
            ranks[column] = (rank, position)
    return min(ranks, key=lambda c: ranks[c]) if ranks else None


def _told(mapper: Any, table: TableProposal, amount: str | None, why: str) -> None:
    money = f", {column_sum(mapper.proposal, table, amount):,.2f} in all," if amount else ""
    told = f"{table.rows} refunds{money} lead to orders and are not taken off ({why}): revenue is before them"
    mapper.plan.doubts.append(Doubt(HEAVY, table.name, told, "Unite them in stg_…__orders.sql as returns"))


def _returns(mapper: Any, table: TableProposal, join: Join, amount: str) -> Part:
    orders = mapper.plan.part(join.to_table, "orders")
    part = Part(table.name, "orders", because=f"its name says refund, and {join.column} leads to {join.to_table}")
    part.placed = {amount: "revenue", join.column: "order_key"}
    total = column_sum(mapper.proposal, table, amount)
    part.columns = {"revenue": number_of(amount) if total < 0 else f"-{number_of(amount)}", "is_return": "true"}
    order = _joined_order(mapper, table, join, orders)
    _instant(mapper, part, table, orders, order)
    for role in ("status", "currency", "country", "channel"):
        if sql := orders.columns.get(role):
            part.columns[role] = _of_order(sql, order)
    own = next((c for c in table.columns if folded(c) in ("currency", "currencycode")), None)
    if own:
        part.columns["currency"], part.placed[own] = (
            expression(mapper.source, "orders", "currency", own, table),
            "currency",
        )
    elif "currency" not in part.columns:
        part.assumed["currency"] = f"'{mapper.settings.project.currency}'"
    if order.columns:
        part.joined.append(order)
    unfinished = _without_unfinished(part, table)
    mapper.plan.doubts.append(Doubt(
        MEDIUM, table.name, f"{table.rows} refunds, {abs(total):,.2f} in all, are returns: they lower revenue by "
        f"{amount} on their day{unfinished}", f"Take them out of stg_…__orders.sql where {join.to_table} is after them",
        amount,
    ))  # fmt: skip
    return part


def _joined_order(mapper: Any, table: TableProposal, join: Join, orders: Part) -> Joined:
    parent = mapper.proposal[join.to_table]
    same = table.columns[join.column]["type"] == parent.columns[join.to_column]["type"]
    on = join.column if same else f"cast({join.column} as {{{{ type_of('text') }}}})"
    joined = Joined(ORDER, join.to_table, on, join.to_column, as_text=not same)
    roles = [orders.columns.get(role, "") for role in ("status", "currency", "country", "channel", "ordered_at")]
    joined.columns = [c for c in parent.columns if any(re.search(rf"\b{re.escape(c)}\b", sql) for sql in roles)]
    return joined


def _of_order(sql: str, order: Joined) -> str:
    """The orders' expression over the joined order's columns; a word in quotes is a column in a template alone."""
    names = "|".join(sorted(map(re.escape, order.columns), key=len, reverse=True))
    if not names:
        return sql
    renamed = [
        piece if piece.startswith("'") else re.sub(rf"\b({names})\b", rf"{ORDER}__\1", piece)
        for piece in TEMPLATE_OR_QUOTED.split(sql)
    ]
    return "".join(renamed)


def _instant(mapper: Any, part: Part, table: TableProposal, orders: Part, order: Joined) -> None:
    """When the money went back; where nothing says so, the order's own time."""
    times = table.of_type("timestamp", "date")
    column = match(table, "orders").columns.get("ordered_at") or next(
        (c for word in LATEST for c in times if word in c), next(iter(times), None)
    )
    if column:
        part.columns["ordered_at"] = expression(mapper.source, "orders", "ordered_at", column, table)
        part.placed[column] = "ordered_at"
        return
    part.columns["ordered_at"] = _of_order(orders.columns["ordered_at"], order)
    told = "no time of the refunds was found: each stands on the day of its order"
    mapper.plan.doubts.append(Doubt(MEDIUM, table.name, told, "Map one in stg_…__orders.sql"))


def _without_unfinished(part: Part, table: TableProposal) -> str:
    """Refunds that were asked for or failed gave no money back; how that is told."""
    column = next((c for c in table.columns if c in ("status", "state", "refund_status", "return_status")), None)
    values = (
        [value for value, _ in table.facts[column].common if folded(value) in {folded(w) for w in OPEN}]
        if column
        else []
    )
    if not column or not values:
        return ""
    part.placed[column] = "status"
    part.where.append(f"coalesce({text(column, table)}, '') not in ({', '.join(map(literal, values))})")
    return f", without those that are {', '.join(values)}"
