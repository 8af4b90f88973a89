"""What a table is by its shape alone, where no dictionary has its words: who is in it, what leads where, what sums."""

from typing import Any

from connectors.understand.dictionary import noun_of
from connectors.understand.joins import Join
from connectors.understand.looking.proposal import TableProposal
from connectors.understand.matching import Match, match

FEWEST = 20  # rows: of fewer no shape is seen
MOSTLY, NEARLY_ALL = 0.6, 0.95
A_LOAD = 0.3  # of the rows have one instant: that of a load, not of what happened
MANY, LONGEST = 30, 9  # different whole numbers, and their digits, that may be amounts
SHAPED = 4.5  # of merit: less than any name is worth


def match_by_shape(mapper: Any, table: TableProposal) -> Match | None:
    """People by their addresses, orders by a date, an amount and whose they are, lines by what they lead to."""
    if table.rows < FEWEST or table.list_of:
        return None
    leads: list[Join] = [j for j in mapper.plan.joins if j.table == table.name]
    led: list[Join] = [j for j in mapper.plan.joins if j.to_table == table.name]
    people = None if any(_is_of_people(mapper, mapper.proposal[j.to_table]) for j in leads) else _people(table, led)
    found = (
        people or _lines(mapper, table, leads) or _orders(mapper, table, leads, led) or _products(mapper, table, led)
    )
    noun = noun_of(table.name)
    if found is None or (noun is not None and noun[0] != found.entity):
        return None
    named = {r: c for r, c in match(table, found.entity).columns.items() if c not in found.columns.values()}
    found.columns = named | found.columns
    return found


def _people(table: TableProposal, led: list[Join]) -> Match | None:
    address = next(iter(table.identified("email")), None)
    if address is None or len(table.key) != 1 or table.key == [address]:
        return None
    facts = table.facts[address]
    if facts.distinct < MOSTLY * facts.filled or facts.filled < 0.3 * table.rows or (_amounts(table) and not led):
        return None
    columns = {"record_id": table.key[0], "email": address}
    if phones := table.identified("phone"):
        columns["phone"] = phones[0]
    return Match("people", columns, SHAPED, [f"each row has an address of its own ({address})"])


def _lines(mapper: Any, table: TableProposal, leads: list[Join]) -> Match | None:
    """Several rows lead to one of another table, which has a date, and bear an amount."""
    for join in leads:
        header = mapper.proposal[join.to_table]
        if table.rows < 1.1 * join.of or _when(header) is None or not _amounts(table) or _is_of_people(mapper, header):
            continue
        columns = {"order_key": join.column, "revenue": _amounts(table)[-1]}
        for other in sorted(leads, key=lambda j: j.to_column in mapper.proposal[j.to_table].key):  # a key comes last
            if other is not join and not _is_of_people(mapper, mapper.proposal[other.to_table]):
                columns["product_key"] = other.column
        return Match("order_lines", columns, SHAPED, [f"{table.rows} rows lead to {join.of} of {join.to_table}"])
    return None


def _orders(mapper: Any, table: TableProposal, leads: list[Join], led: list[Join]) -> Match | None:
    when, amounts = _when(table), _amounts(table)
    whose = next((j.column for j in leads if _is_of_people(mapper, mapper.proposal[j.to_table])), None)
    whose = whose or next(iter(table.identified("email")), None)
    if when is None or not amounts or whose is None:
        return None
    worth = next((c for j in led if (c := _sum_of(mapper, table, j, amounts))), None)
    columns = {"ordered_at": when, "revenue": worth or max(amounts, key=lambda c: _total(mapper, table, c))}
    if len(table.key) == 1:
        columns["order_key"] = table.key[0]
    because = f"it has a date ({when}), an amount ({columns['revenue']}) and whose it is ({whose})"
    return Match("orders", columns, SHAPED, [because])


def _products(mapper: Any, table: TableProposal, led: list[Join]) -> Match | None:
    """What lines lead to by its key, beside their order: rows without a time, with a name."""
    if len(table.key) != 1 or table.identified("email") or not any(_is_from_lines(mapper, j, table.key) for j in led):
        return None
    texts = [c for c in table.of_type("text") if c not in table.key and table.facts[c].filled > MOSTLY * table.rows]
    name = max(texts, key=lambda c: table.facts[c].distinct, default=None)
    if name is None or not any(any(letter.isalpha() for letter in v) for v in table.facts[name].texts[:20]):
        return None
    because = f"lines of orders lead to its {table.key[0]}"
    return Match("products", {"product_key": table.key[0], "name": name}, SHAPED, [because])


def _is_from_lines(mapper: Any, join: Join, key: list[str]) -> bool:
    """Whether a join comes from rows of which several lead to one row with a time."""
    lines = mapper.proposal[join.table]
    others = [j for j in mapper.plan.joins if j.table == join.table and j.to_table != join.to_table]
    headed = any(lines.rows > j.of and _when(mapper.proposal[j.to_table]) for j in others)
    return headed and [join.to_column] == key and not _is_of_people(mapper, mapper.proposal[join.to_table])


def _is_of_people(mapper: Any, table: TableProposal) -> bool:
    noun = noun_of(table.name)
    if noun is not None:
        return noun[0] == "people"
    led = [j for j in mapper.plan.joins if j.to_table == table.name]
    leads = [mapper.proposal[j.to_table] for j in mapper.plan.joins if j.table == table.name]
    is_second = any((noun_of(t.name) or ("",))[0] == "people" or t.identified("email") for t in leads)
    return not is_second and _people(table, led) is not None


def _amounts(table: TableProposal) -> list[str]:
    counted = [
        c for c in table.of_type("integer")
        if c not in table.key and table.facts[c].distinct >= MANY and table.facts[c].longest <= LONGEST
    ]  # fmt: skip
    return [c for c in [*counted, *table.of_type("number")] if table.facts[c].filled >= MOSTLY * table.rows]


def _when(table: TableProposal) -> str | None:
    """The fullest time, unless many rows share one instant of it."""
    times = [
        c for c in table.of_type("timestamp", "date")
        if table.facts[c].filled >= NEARLY_ALL * table.rows
        and not any(rows > A_LOAD * table.rows for _, rows in table.facts[c].common)
    ]  # fmt: skip
    return max(times, key=lambda c: table.facts[c].distinct, default=None)


def _cells(mapper: Any, table: TableProposal, column: str) -> str:
    cell = mapper.proposal.scratch.cell(table.name, table.source_of(column))
    if table.reading.get("decimal") == ",":
        return f"try_cast(replace(replace({cell}, '.', ''), ',', '.') as double)"
    return f"try_cast(replace({cell}, ',', '') as double)"


def _total(mapper: Any, table: TableProposal, column: str) -> float:
    scratch = mapper.proposal.scratch
    return float(scratch.one(f"select sum({_cells(mapper, table, column)}) from {scratch.table(table.name)}") or 0)


def _sum_of(mapper: Any, table: TableProposal, join: Join, amounts: list[str]) -> str | None:
    """The amount of a row that is the sum of the rows that lead to it, in most of them."""
    scratch, lines = mapper.proposal.scratch, mapper.proposal[join.table]
    number = scratch.cell(lines.name, lines.source_of(join.column))
    own = scratch.cell(table.name, table.source_of(join.to_column))
    for column in _amounts(lines):
        summed = f"select {number} as k, sum({_cells(mapper, lines, column)}) as s"
        summed += f" from {scratch.table(lines.name)} group by 1"
        for amount in amounts:
            equal = scratch.one(
                f"select avg((abs({_cells(mapper, table, amount)} - s) < 0.015)::int) from {scratch.table(table.name)}"
                f" join ({summed}) on k = {own}"
            )
            if (equal or 0) >= MOSTLY:
                return amount
    return None
