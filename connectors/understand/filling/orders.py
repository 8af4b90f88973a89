"""What makes an order whole: its money, its status, its lines."""

from typing import Any

from connectors.understand.filling.credit_notes import take_off_returns
from connectors.understand.filling.discounts import less_discount
from connectors.understand.filling.lookups import labels_of
from connectors.understand.filling.made import orders_of_lines, people_of_orders, products_of_lines
from connectors.understand.filling.orders_sums import column_sum, number_sql, sums_of
from connectors.understand.filling.statuses import doubts_of, may_be_status, no_status, read_words
from connectors.understand.looking.proposal import TableProposal
from connectors.understand.matching import amounts_of
from connectors.understand.plan import HEAVY, LIGHT, MEDIUM, Doubt, Part
from connectors.understand.writing.expressions import money, scaled


def finish_orders(mapper: Any) -> None:
    """Lines first, since orders may be their sums."""
    for part in list(mapper.plan.of("order_lines")):
        if not part.known_as:
            _line(mapper, part)
        if not mapper.plan.of("orders"):
            orders_of_lines(mapper, part)
    for part in mapper.plan.of("orders"):
        if not part.known_as:
            _status(mapper, part)
            _money(mapper, part)
    if not mapper.plan.of("people"):
        people_of_orders(mapper)
    if not mapper.plan.of("products"):
        products_of_lines(mapper)


def _line(mapper: Any, part: Part) -> None:
    """A line's own amount, else pieces times price, else the price."""
    by_role = {role: column for column, role in part.placed.items()}
    price, quantity = by_role.get("unit_price"), by_role.get("quantity")
    if "revenue" in part.columns or price is None:
        return
    worth = f"{quantity} * {scaled(price)}" if quantity else scaled(price)
    part.columns["revenue"] = money(less_discount(mapper, part, mapper.proposal[part.table], worth))
    if not quantity:
        part.assumed["quantity"] = "1"


def _status(mapper: Any, part: Part) -> None:
    """By a time of cancelling, the order's own words, then those of its payment; what is shipped says nothing."""
    table = mapper.proposal[part.table]
    by_role = {role: column for column, role in part.placed.items()}
    branches = []
    if cancelled := by_role.get("cancelled_at"):
        branches.append(f"when {cancelled} is not null then 'cancelled'")
    for role in ("status", "payment_status"):
        if column := by_role.get(role):
            words = read_words(table, column, "orders", mapper.answers, labels_of(mapper, table, column))
            mapper.plan.doubts += doubts_of(table, words, "orders")
            if branch := words.when("completed"):
                branches.append(branch)
    if branches:
        listed = "\n            ".join(branches)
        part.columns["status"] = f"case\n            {listed}\n            else 'completed'\n        end"
    else:
        part.columns.pop("status", None)
        mapper.plan.doubts.append(no_status(table, part))


def _money(mapper: Any, part: Part) -> None:
    """Revenue where it stands, else of the lines, else of the payments; the sums are told beside each other."""
    table: TableProposal = mapper.proposal[part.table]
    offers = {} if part.group_by else sums_of(mapper, part)
    if "revenue" not in part.columns and offers:
        wanted = mapper.answers.get(f"revenue:{table.name}")
        chosen = wanted if wanted in offers else next(iter(offers))
        joined, told = offers[chosen]
        part.joined.append(joined)
        part.columns["revenue"] = f"coalesce({joined.name}__revenue, 0)"
        amounts = {name: f"{name}: {sum_:,.2f}" for name, (_, sum_) in offers.items()}
        mapper.plan.doubts.append(Doubt(
            HEAVY if len(offers) > 1 else MEDIUM, table.name, f"it has no amount: revenue is taken from {chosen} "
            f"({'; '.join(amounts.values())})",
            "Answer with --ask, or change the joined table in the staging model", "",
            "revenue" if len(offers) > 1 else "", amounts if len(offers) > 1 else {}, chosen,
        ))  # fmt: skip
        del told
    if "revenue" not in part.columns:
        mapper.plan.doubts.append(
            Doubt(HEAVY, table.name, "no amount was found: revenue is 0", "Map one in its staging model")
        )
        part.assumed["revenue"] = "0"
    else:
        take_off_returns(mapper, part, table)
        _told_beside(mapper, part, table, offers)
        _tell_of_amounts(mapper, part, table)
        _tell_of_minus(mapper, part, table)
        part.columns["is_return"] = f"coalesce({part.columns['revenue']} < 0, false)"
    _tell_of_currencies(mapper, part, table)
    if "currency" not in part.columns:
        part.assumed["currency"] = f"'{mapper.settings.project.currency}'"
        mapper.plan.doubts.append(Doubt(
            LIGHT, table.name, f"no currency: {mapper.settings.project.currency} of fairlead.toml is written", "",
        ))  # fmt: skip


def _tell_of_currencies(mapper: Any, part: Part, table: TableProposal) -> None:
    """Amounts of several currencies are summed as they stand."""
    column = next((c for c, r in part.placed.items() if r == "currency"), None)
    counted = table.facts[column].common if column else []
    if column and len(counted) > 1:
        listed = ", ".join(f"{value} {rows}" for value, rows in counted[:5])
        mapper.plan.doubts.append(Doubt(
            HEAVY, table.name, f"amounts of {len(counted)} currencies ({listed} rows) are summed as they stand",
            f"Change them into {mapper.settings.project.currency} in stg_…__orders.sql, or leave the others out",
            column,
        ))  # fmt: skip


def _told_beside(mapper: Any, part: Part, table: TableProposal, offers: dict[str, Any]) -> None:
    """An order's own amounts beside their lines': what they leave out shows."""
    own = next((c for c, r in part.placed.items() if r == "revenue"), None)
    for name, (_, lines_sum) in offers.items():
        if own is None or not lines_sum:
            continue
        total = column_sum(mapper.proposal, table, own)
        if abs(total - lines_sum) > 0.005 * max(abs(total), 1):
            mapper.plan.doubts.append(Doubt(
                LIGHT, table.name, f"{own} sums to {total:,.2f}, and {name} to {lines_sum:,.2f}: tax, freight or "
                "discounts "
                "may lie between", "", own,
            ))  # fmt: skip


def _tell_of_amounts(mapper: Any, part: Part, table: TableProposal) -> None:
    """Which of several amounts was taken, and what the others come to: with tax or without, with a discount or not."""
    own = next((c for c, r in part.placed.items() if r == "revenue"), None)
    if own is None or part.is_made:
        return
    total = column_sum(mapper.proposal, table, own)
    sums = {c: column_sum(mapper.proposal, table, c) for _, c in amounts_of(table, list(part.placed))}
    others = {c: other for c, other in sums.items() if abs(other - total) > 0.0005 * max(abs(total), 1)}
    if others:
        listed = ", ".join(f"{c} ({other:,.2f})" for c, other in list(others.items())[:4])
        mapper.plan.doubts.append(Doubt(
            MEDIUM, table.name, f"revenue is {own} ({total:,.2f}); beside it stand {listed}",
            "Take another one in the staging model of orders", own,
        ))  # fmt: skip


def _tell_of_minus(mapper: Any, part: Part, table: TableProposal) -> None:
    """Rows below zero are taken for returns: they may be fees, or what the shop drew out."""
    own = next((c for c, r in part.placed.items() if r == "revenue"), None)
    if own is None or part.is_made:
        return
    cell = number_sql(mapper.proposal, table, own)
    rows, total = mapper.proposal.scratch.rows(
        f"select count(*), sum({cell}) from {mapper.proposal.scratch.table(table.name)} where {cell} < 0"
    )[0]
    if rows:
        coded = [
            c
            for c in table.columns
            if (may_be_status(table, c) and c not in part.placed) or part.placed.get(c) == "is_return"
        ]
        listed = "; ".join(f"{c} is {', '.join(v for v, _ in table.facts[c].common[:6])}" for c in coded[:3])
        mapper.plan.doubts.append(Doubt(
            MEDIUM, table.name, f"{rows} rows are below zero ({total:,.2f}) and count as returns. {listed}",
            "Leave out in the staging model what is no return, such as fees and withdrawals", own,
        ))  # fmt: skip
