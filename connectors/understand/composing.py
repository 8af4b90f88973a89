"""Numbers that count within another: a customer's number in a shop. Only the two together are one number.

Such a column keeps its name with both in it, as staging writes it; the raw one is called `<column>_alone`.
"""

from typing import Any

from connectors.understand.dictionary import folded, noun_of
from connectors.understand.joins import BY_VALUES
from connectors.understand.keys import WITHIN, is_own_key
from connectors.understand.looking.proposal import TableProposal
from connectors.understand.looking.scratch import Scratch
from connectors.understand.names import meanings_of
from connectors.understand.plan import HEAVY, LIGHT, Doubt

BETWEEN = "/"
SAME_HUMAN = 0.8  # of the numbers that repeat: so many with one address each are one human's everywhere


def compose_numbers(mapper: Any) -> None:
    """Parents first: a number is put together where its table's key says so and others refer to it by both parts."""
    for parent in mapper.proposal.landed:
        own = _own_number(parent) if parent.name not in mapper.known else None
        if own is None:
            continue
        scratch, within = mapper.proposal.scratch, [c for c in parent.key if c != own]
        children = [
            (table, column)
            for table in mapper.proposal.landed
            if table is not parent
            and table.name not in mapper.known
            and (column := _referring(table, parent, own, within, scratch))
        ]  # fmt: skip
        is_person = bool((noun := noun_of(parent.name)) and noun[0] == "people")
        if is_person and _is_one_human(parent, own, scratch):
            continue
        if not children:
            mapper.plan.doubts += [_repeats(parent, own, within)] if is_person else []
            continue
        for table, column in ((parent, own), *children):
            _put_together(table, column, [_same_column(table, c) or c for c in within], scratch)
        parent.key = [own]
        told = f"{own} counts within {', '.join(within)}: both together are the number, here and in "
        mapper.plan.doubts.append(Doubt(LIGHT, parent.name, told + ", ".join(t.name for t, _ in children), "", own))


def _own_number(table: TableProposal) -> str | None:
    """Of a key of several columns the one that is the row's own number, where it repeats."""
    noun = noun_of(table.name)
    if len(table.key) < 2 or noun is None or table.list_of or not table.is_whole:
        return None
    if any(table.columns[c]["type"] not in ("text", "integer") for c in table.key):
        return None  # a day or an instant tells versions of one row apart
    own = [c for c in table.key if is_own_key(c, noun[0])]
    if noun[0] == "order_lines":
        own = [c for c in table.key if set(c.split("_")) & WITHIN or is_own_key(c, "order_lines")]
    return own[-1] if own and not table.facts[own[-1]].is_unique else None


def _referring(
    table: TableProposal, parent: TableProposal, own: str, within: list[str], scratch: Scratch
) -> str | None:
    """The column by which a table names the parent's rows, with the other parts beside it under their names."""
    others = [_same_column(table, c) for c in within]
    if None in others or not table.rows:
        return None
    column = _same_column(table, own) or next((c for c in table.columns if _means_the_same(c, own)), None)
    if column is None or column in table.composed:
        return None
    values = _distinct(table, [*filter(None, others), column], scratch)
    keys = _distinct(parent, [*within, own], scratch)
    of, found = scratch.rows(f"select count(*), count(p.v) from ({values}) as c left join ({keys}) as p using (v)")[0]
    return column if of and found >= BY_VALUES * of else None


def _same_column(table: TableProposal, column: str) -> str | None:
    return next((c for c in table.columns if folded(c) == folded(column)), None)


def _means_the_same(column: str, own: str) -> bool:
    """customer of orders and customer_no of customers."""
    named, wanted = (
        {(e, r) for e, r, _ in meanings_of(c) if e == "person" or r.endswith("_key")} for c in (column, own)
    )
    return bool(named & wanted)


def _joined(table: TableProposal, columns: list[str], scratch: Scratch) -> str:
    cells = [scratch.cell(table.name, table.source_of(c)) for c in columns]
    return f" || '{BETWEEN}' || ".join(cells)


def _distinct(table: TableProposal, columns: list[str], scratch: Scratch) -> str:
    joined = _joined(table, columns, scratch)
    return f"select distinct {joined} as v from {scratch.table(table.name)} where {joined} is not null"


def _is_one_human(table: TableProposal, own: str, scratch: Scratch) -> bool:
    """Whether a number that repeats has one address wherever it stands: it then is one human's in every shop."""
    address = next(iter(table.identified("email")), None)
    if address is None:
        return False
    number, cell = (scratch.cell(table.name, table.source_of(c)) for c in (own, address))
    repeated = (
        f"select count(distinct lower({cell})) as n from {scratch.table(table.name)} where {cell} is not null"
        f" group by {number} having count(*) > 1"
    )
    count, same = scratch.rows(f"select count(*), count(*) filter (where n = 1) from ({repeated})")[0]
    return bool(count) and same >= SAME_HUMAN * count


def _repeats(table: TableProposal, own: str, within: list[str]) -> Doubt:
    told = f"{own} repeats over {', '.join(within)}, and the same number is taken for the same human"
    return Doubt(HEAVY, table.name, told, "Qualify it in the staging model where it is another human's", own)


def _put_together(table: TableProposal, column: str, within: list[str], scratch: Scratch) -> None:
    """The column becomes both parts; what it was lands as `<column>_alone`."""
    alone, name = f"{column}_alone", f"{' + '.join(within)} + {column}"
    parts = [*within, alone]
    cell = _joined(table, [*within, column], scratch)
    scratch.name_columns(table.name, [name])
    scratch.engine.execute(f"update {scratch.table(table.name)} set {scratch.cell(table.name, name)} = {cell}")
    facts = table.facts.pop(column)
    columns: dict[str, dict[str, Any]] = {}
    for known, spec in table.columns.items():
        columns |= {alone: {**spec, "from": table.source_of(known)}} if known == column else {known: spec}
    table.columns = columns | {column: {"type": "text", "from": name}}
    table.facts = table.facts | {alone: facts, column: scratch.facts(table.name)[name]}
    table.composed[column] = parts
    table.aliases = {c: alias for c, alias in table.aliases.items() if c != column}
