"""What other tables hold by the way: orders and products that are made of lines, people that are made of orders."""

from typing import Any

from connectors.understand.looking.proposal import TableProposal
from connectors.understand.matching import match, ranked_amounts
from connectors.understand.names import meanings_of
from connectors.understand.plan import MEDIUM, Doubt, Part
from connectors.understand.writing.expressions import expression, native_key, number_of, person_number, text

OF_PERSONS = {
    "email", "phone", "first_name", "last_name", "country", "region", "city", "postal_code", "birth_date", "gender",
}  # fmt: skip


def orders_of_lines(mapper: Any, lines: Part) -> None:
    """A table of lines alone: one order for each number that its lines bear."""
    table: TableProposal = mapper.proposal[lines.table]
    by_role = {role: column for column, role in lines.placed.items()}
    number = by_role.get("order_key")
    if number is None or not lines.columns.get("revenue", ""):
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
    identified = [*table.identified("email"), *table.identified("phone")]
    for column in table.columns:  # whose they are
        if any(e == "person" for e, _, _ in meanings_of(column)) or column in identified:
            part.placed.setdefault(column, "person_ref")
    whole = next((c for _, c in ranked_amounts(table, sorted(table.of_orders))), None)
    amount = f"max({number_of(whole)})" if whole else f"sum({lines.columns['revenue']})"
    part.columns |= {"_sum": f"{amount} as lines_revenue", "revenue": "lines_revenue"}
    mapper.plan.parts.append(part)
    told = f"{whole}, which stands on each of its lines" if whole else "the sum of its lines"
    mapper.plan.doubts.append(Doubt(
        MEDIUM, table.name, f"it holds lines; an order is made for each {number}, its revenue {told}",
    ))  # fmt: skip


def _attributes(mapper: Any, part: Part, table: TableProposal) -> None:
    """What an order says of its person."""
    for role, column in match(table, "people").columns.items():
        if role in OF_PERSONS:
            part.columns[role] = expression(mapper.source, "people", role, column, table)
            part.placed[column] = role


def people_of_orders(mapper: Any) -> None:
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


def products_of_lines(mapper: Any) -> None:
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
