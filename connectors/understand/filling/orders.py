"""What makes an order whole: its money, its status, its lines; orders, people and products made of lines alone."""

from typing import Any

import pyarrow as pa

from connectors.column import Column
from connectors.source import Table
from connectors.understand.dictionary import noun_of
from connectors.understand.filling.statuses import doubts_of, read_words
from connectors.understand.joins import Join
from connectors.understand.looking.proposal import Proposal, TableProposal
from connectors.understand.matching import match
from connectors.understand.names import meanings_of
from connectors.understand.plan import HEAVY, LIGHT, MEDIUM, Doubt, Joined, Part, key_column
from connectors.understand.writing.expressions import (
    expression,
    native_key,
    number_of,
    person_number,
    product,
    scale_of,
    text,
)
from connectors.values.typed import typed_sql

OF_PERSONS = {
    "email",
    "phone",
    "first_name",
    "last_name",
    "country",
    "region",
    "city",
    "postal_code",
    "birth_date",
    "gender",
}
PAID = ("value", "amount", "paid", "betrag", "montant", "importe", "valor", "importo", "bedrag", "kwota", "total")


def finish_orders(mapper: Any) -> None:
    """Lines first, since orders may be their sums."""
    for part in list(mapper.plan.of("order_lines")):
        if not part.known_as:
            _line(mapper, part)
        if not mapper.plan.of("orders"):
            _orders_of_lines(mapper, part)
    for part in mapper.plan.of("orders"):
        if not part.known_as:
            _status(mapper, part)
            _money(mapper, part)
    if not mapper.plan.of("people"):
        _people_of_orders(mapper)
    if not mapper.plan.of("products"):
        _products_of_lines(mapper)


def _line(mapper: Any, part: Part) -> None:
    """A line's own amount, else pieces times price, else the price."""
    by_role = {role: column for column, role in part.placed.items()}
    price, quantity = by_role.get("unit_price"), by_role.get("quantity")
    if "revenue" in part.columns or price is None:
        return
    part.columns["revenue"] = product(price, quantity) if quantity else number_of(price)
    if not quantity:
        part.assumed["quantity"] = "1"


def line_amount(part: Part) -> str:
    return part.columns.get("revenue", "")


def _orders_of_lines(mapper: Any, lines: Part) -> None:
    """A table of lines alone: one order for each number that its lines bear."""
    table: TableProposal = mapper.proposal[lines.table]
    by_role = {role: column for column, role in lines.placed.items()}
    number = by_role.get("order_key")
    if number is None or not line_amount(lines):
        return
    found = match(table, "orders")
    part = Part(table.name, "orders", group_by=number, because=f"one order for each {number} of its lines")
    part.placed[number] = "order_key"
    part.columns["order_key"] = native_key(mapper.source, text(number, table))
    for role in ("ordered_at", "currency", "country", "channel", "status", "coupon", "payment_status"):
        column = found.columns.get(role)
        if column and column != number and column not in part.placed:
            part.placed[column] = role
            if role != "payment_status":
                part.columns[role] = expression(mapper.source, "orders", role, column, table)
    if "ordered_at" not in part.columns:
        return
    for column in table.columns:  # whose they are
        if any(e == "person" for e, _, _ in meanings_of(column)) or table.columns[column].get("identifier"):
            part.placed.setdefault(column, "person_ref")
    part.columns["_sum"] = f"sum({line_amount(lines)}) as lines_revenue"
    part.columns["revenue"] = "lines_revenue"
    mapper.plan.parts.append(part)
    mapper.plan.doubts.append(Doubt(
        MEDIUM, table.name, f"it holds lines; an order is made for each {number}, its revenue the sum of its lines",
    ))  # fmt: skip


def _status(mapper: Any, part: Part) -> None:
    """By a time of cancelling, the order's own words, then those of its payment; what is shipped says nothing."""
    table = mapper.proposal[part.table]
    by_role = {role: column for column, role in part.placed.items()}
    branches = []
    if cancelled := by_role.get("cancelled_at"):
        branches.append(f"when {cancelled} is not null then 'cancelled'")
    for role in ("status", "payment_status"):
        if column := by_role.get(role):
            words = read_words(table, column, "orders", mapper.answers)
            mapper.plan.doubts += doubts_of(table, words, "orders")
            if branch := words.when("completed"):
                branches.append(branch)
    if branches:
        listed = "\n            ".join(branches)
        part.columns["status"] = f"case\n            {listed}\n            else 'completed'\n        end"
    else:
        part.columns.pop("status", None)
        mapper.plan.doubts.append(Doubt(MEDIUM, table.name, "no status: every order counts as completed"))


def _money(mapper: Any, part: Part) -> None:
    """Revenue where it stands, else of the lines, else of the payments; the sums are told beside each other."""
    table: TableProposal = mapper.proposal[part.table]
    offers = {} if part.group_by else _sums(mapper, part)
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
        _told_beside(mapper, part, table, offers)
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


def _sums(mapper: Any, part: Part) -> dict[str, tuple[Joined, float]]:
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
    return (
        column_sum(proposal, table, by_role["unit_price"], by_role.get("quantity")) if "unit_price" in by_role else 0.0
    )


def column_sum(proposal: Proposal, table: TableProposal, column: str, times: str | None = None) -> float:
    """A column's sum by the source's own rows, cents as what they are; times another's."""
    written = {k: table.reading[k] for k in ("decimal", "thousands") if table.reading.get(k)}
    stub = Table(kind="files", pattern="x", columns={"v": Column(type="text")}, **written)
    read = []
    for name in filter(None, (column, times)):
        as_written = {k: v for k, v in table.columns[name].items() if k in ("unit", "accounting")}
        cell = proposal.scratch.cell(table.name, table.source_of(name))
        read.append(typed_sql(cell, Column(type="number", **as_written), pa.string(), stub))
    total = proposal.scratch.one(
        f"select sum({' * '.join(f'try_cast({r} as double)' for r in read)}) from {proposal.scratch.table(table.name)}"
    )
    return float(total or 0) * scale_of(column)


def _attributes(mapper: Any, part: Part, table: TableProposal) -> None:
    """What an order says of its person."""
    for role, column in match(table, "people").columns.items():
        if role in OF_PERSONS:
            part.columns[role] = expression(mapper.source, "people", role, column, table)
            part.placed[column] = role


def _people_of_orders(mapper: Any) -> None:
    """No table of people: one for each number or address in the orders, with what their newest order says."""
    for orders in mapper.plan.of("orders")[:1]:
        table: TableProposal = mapper.proposal[orders.table]
        numbers = [
            c for c in table.columns if any(e == "person" for e, _, _ in meanings_of(c)) and table.facts[c].filled
        ]
        number = next(iter(numbers), None)
        address = next(iter(table.identified("email")), None)
        if number and address and (table.facts[number].filled < table.rows or "0" in table.facts[number].texts):
            number = None  # guests have none
        whose = number or (f"{address}__normalised" if address else None)
        if whose is None or orders.known_as:
            continue
        time = next((c for c, r in orders.placed.items() if r == "ordered_at"), "")
        part = Part(
            table.name, "people", newest_of=whose, newest_by=time, because=f"one person for each {number or address}"
        )
        part.where += [f"{text(number, table)} <> '0'"] if number and "0" in table.facts[number].texts else []
        _attributes(mapper, part, table)
        part.columns["record_id"] = native_key(mapper.source, person_number(number, table) if number else whose)
        part.placed[number or str(address)] = "record_id"
        if time:
            kind = table.columns[time]["type"]
            part.columns["created_at"] = (
                "first_at" if kind == "timestamp" else "cast(first_at as {{ type_of('timestamp') }})"
            )
        mapper.plan.parts.append(part)


def _products_of_lines(mapper: Any) -> None:
    """No table of products: one for each number in the lines, by its newest line."""
    for lines in mapper.plan.of("order_lines")[:1]:
        table: TableProposal = mapper.proposal[lines.table]
        by_role = {role: column for column, role in lines.placed.items()}
        number, name = by_role.get("product_key"), by_role.get("product_name")
        if not number or not name or lines.known_as:
            continue
        times = [c for c, r in match(table, "orders").columns.items() if c == "ordered_at" and r]
        time = match(table, "orders").columns.get("ordered_at", "") if times else ""
        part = Part(table.name, "products", newest_of=number, newest_by=time, because=f"one product for each {number}")
        part.columns = {"product_key": native_key(mapper.source, text(number, table)),
                        "name": expression(mapper.source, "products", "name", name, table)}  # fmt: skip
        if price := by_role.get("unit_price"):
            part.columns["price"] = number_of(price)
        part.placed = {number: "product_key", name: "name"}
        mapper.plan.parts.append(part)
