"""Which table's values occur in which other's column: foreign keys, with the share that matches."""

from dataclasses import dataclass

from connectors.understand.dictionary import folded, noun_of, nouns
from connectors.understand.keys import is_key_like
from connectors.understand.legacy import CUT, bare_name, leads_to
from connectors.understand.looking.guess import CODES
from connectors.understand.looking.proposal import TableProposal
from connectors.understand.looking.scratch import Scratch
from connectors.understand.names import meanings_of

BY_NAME, BY_VALUES = 0.3, 0.8  # share of a column's values that must be found where names agree, and where not
REFERENCES = {"order_key", "product_key", "account_key", "record_id", "person_key"}
OF_MANY = {  # what two tables say of their rows, and no number of a row
    "first_name", "last_name", "full_name", "city", "region", "country", "gender", "language", "currency", "quantity",
    "status", "postal_code", "phone",
}  # fmt: skip
TELLING = 6  # letters: shorter values occur everywhere by chance
FEWEST = 8  # different values before they alone say anything
NUMBERS = ("id", "no", "nr", "key", "code", "number", "uuid", "nummer", "numero")
PEEK = 200  # values that are looked up first


@dataclass(frozen=True)
class Join:
    """A column whose values are another table's."""

    table: str
    column: str
    to_table: str
    to_column: str
    found: int  # different values that the other table has
    of: int  # different values
    by_name: bool = True

    @property
    def share(self) -> float:
        return self.found / self.of if self.of else 0.0

    def as_dict(self) -> dict[str, object]:
        return {"from": f"{self.table}.{self.column}", "to": f"{self.to_table}.{self.to_column}",
                "found": self.found, "of": self.of, "share": round(self.share, 4)}  # fmt: skip


def find_joins(tables: list[TableProposal], scratch: Scratch) -> tuple[list[Join], list[Join]]:
    """The joins that hold, each column's best one; and those that names promise and values do not keep."""
    parents = [(t, c) for t in tables for c in t.columns if is_key_like(t, c) and t.facts[c].is_unique]
    names = [folded(c) for t in tables for c in t.columns]
    shared = {name for name in names if names.count(name) > 1}
    held: list[Join] = []
    broken: list[Join] = []
    for table in tables:
        for column in [c for c in table.columns if _is_number(table, c, shared)]:
            if is_home(table, column) and table.key in ([], [column]):
                continue  # its own number leads nowhere else; a second one may
            found = [j for t, c in parents if t is not table and (j := _tried(table, column, t, c, scratch))]
            homes = {(t.name, c) for t, c in parents if is_home(t, c)}
            found.sort(key=lambda j: ((j.to_table, j.to_column) not in homes, not j.by_name, -j.share, j.of))
            if not any(j.share >= BY_NAME for j in found):
                found += _without_zeros(table, column, [(t, c) for t, c in parents if t is not table], scratch)
            good = [j for j in found if j.share >= (BY_NAME if j.by_name else BY_VALUES)]
            if good and not _is_mutual(good[0], held):
                held.append(good[0])
            elif not good:
                broken += [j for j in found if j.by_name and (j.to_table, j.to_column) in homes][:1]
    return held, broken


def _without_zeros(
    table: TableProposal, column: str, parents: list[tuple[TableProposal, str]], scratch: Scratch
) -> list[Join]:
    """Spreadsheets take leading zeros away: the join that holds without them, on both sides."""
    for to, to_column in parents:
        is_padded = any(
            text[:1] == "0" for text in [*table.facts[column].texts[:PEEK], *to.facts[to_column].texts[:PEEK]]
        )
        if not is_padded or not _names_agree(table, column, to, to_column):
            continue
        cells = [scratch.cell(t.name, t.source_of(c)) for t, c in ((table, column), (to, to_column))]
        bare = [f"select distinct ltrim({cell}, '0') as v from {scratch.table(t.name)} where {cell} is not null"
                for cell, t in zip(cells, (table, to), strict=True)]  # fmt: skip
        of, found = scratch.rows(
            f"select count(*), count(p.v) from ({bare[0]}) as c left join ({bare[1]}) as p using (v)"
        )[0]
        if found >= BY_VALUES * of and scratch.one(f"select count(*) from ({bare[1]})") == to.facts[to_column].distinct:
            table.unpadded.add(column)
            to.unpadded.add(to_column)
            return [Join(table.name, column, to.name, to_column, found, of)]
    return []


def _is_number(table: TableProposal, column: str, shared: set[str]) -> bool:
    """Whether a column may hold another row's number: it is called so, or looks like one."""
    facts = table.facts[column]
    if not is_key_like(table, column) or facts.distinct == 0 or _is_said_of_many(column):
        return False
    if (
        folded(column) in shared
        or CODES.search(column)
        or len(bare_name(table, column)) >= CUT
        or any(role in REFERENCES or e == "person" for e, role, _ in meanings_of(column))
    ):
        return True
    few = facts.texts[:PEEK]
    return facts.shortest >= TELLING and not any(" " in v or not any(c.isdigit() for c in v) for v in few)


def _is_said_of_many(column: str) -> bool:
    """A first name or a town is nobody's number, though two tables have it."""
    said = {role for _, role, _ in meanings_of(column)}
    return bool(said) and said <= OF_MANY


def is_home(table: TableProposal, column: str) -> bool:
    """Whether a column is the number of what its table holds: order_id of orders, seller_id of sellers, id of any."""
    noun = noun_of(table.name)
    if noun is None or not table.facts[column].is_unique:
        return False
    own = {"people": "record_id", "survey_answers": "answer_key", "order_lines": "order_line_key"}
    wanted = own.get(noun[0], f"{noun[0].rstrip('s')}_key")
    if any((e, r) == (noun[0], wanted) for e, r, _ in meanings_of(column)):
        return True
    words = column.split("_")
    return any(
        "_".join(words[cut:]) in NUMBERS
        and noun
        in [*nouns().get(folded("_".join(words[:cut])), []), *nouns().get(folded("_".join(words[:cut]) + "s"), [])]
        for cut in range(1, len(words))
    )


def _is_mutual(join: Join, held: list[Join]) -> bool:
    """Whether the other table points here already: of two keys that are each other's, one way is enough."""
    return any((j.to_table, j.to_column, j.table, j.column) == (join.table, join.column, join.to_table, join.to_column)
               for j in held)  # fmt: skip


def _tried(table: TableProposal, column: str, to: TableProposal, to_column: str, scratch: Scratch) -> Join | None:
    """None where neither the names nor the values speak for it."""
    by_name = _names_agree(table, column, to, to_column)
    facts, to_facts = table.facts[column], to.facts[to_column]
    if not by_name and (facts.shortest < TELLING or facts.distinct < FEWEST or to_facts.longest < facts.shortest):
        return None
    if table.facts[column].is_unique and not by_name and to.rows > 10 * table.rows:
        return None
    child, parent = scratch.table(table.name), scratch.table(to.name)
    cell, to_cell = scratch.cell(table.name, table.source_of(column)), scratch.cell(to.name, to.source_of(to_column))
    values = f"select distinct {cell} as v from {child} where {cell} is not null"
    counted = "select count(*), count(p.v) from ({}) as c left join (select {} as v from {}) as p on c.v = p.v"
    if not by_name:
        of, found = scratch.rows(counted.format(f"{values} order by hash(v) limit {PEEK}", to_cell, parent))[0]
        if found < BY_VALUES * of * 0.8:
            return None
    of, found = scratch.rows(counted.format(values, to_cell, parent))[0]
    is_counter = not by_name and facts.longest < 10 and all(v.isdecimal() for v in facts.texts[:100])
    if is_counter and _is_dense(to_facts.texts, to_facts.distinct):
        return None
    return Join(table.name, column, to.name, to_column, found, of, by_name)


def _is_dense(texts: list[str], distinct: int) -> bool:
    """Numbers that count up: any other count lies within them."""
    numbers = [int(v) for v in texts if v.isdecimal()]
    return not numbers or max(numbers) - min(numbers) < 20 * max(distinct, 1)


def _names_agree(table: TableProposal, column: str, to: TableProposal, to_column: str) -> bool:
    """customer_id of orders and id of customers, or customer_no and customer_no."""
    name, to_name = folded(column), folded(to_column)
    if name == to_name and name not in ("id", "nr", "no", "code", "number", "name", "uuid", "guid", "key", "nummer"):
        return True
    if to.key == [to_column] and leads_to(table, column, to):
        return True
    noun = noun_of(to.name)
    words = [w for w in column.split("_") if w]
    if noun is not None and noun[0] != "other":
        meant = {(e, r) for e, r, _ in meanings_of(column)}
        if noun[0] == "people" and any(e == "person" and r in (noun[1], "person") for e, r in meant):
            return _is_plain_key(to, to_column, noun[0])
        if noun[0] != "people" and len(words) > 1 and any(
            r.endswith("_key") and r == f"{noun[0].rstrip('s')}_key" for e, r in meant if e != "person"
        ):  # fmt: skip
            return _is_plain_key(to, to_column, noun[0])
    for cut in range(1, len(words)):  # seller_id -> sellers
        if "_".join(words[cut:]) in NUMBERS and noun is not None:
            kinds = nouns().get(folded("_".join(words[:cut])), [])
            plural = nouns().get(folded("_".join(words[:cut]) + "s"), [])
            return noun in [*kinds, *plural] and _is_plain_key(to, to_column, noun[0])
    return False


def _is_plain_key(to: TableProposal, to_column: str, entity: str) -> bool:
    if to.key:
        return to.key == [to_column]
    own = {"record_id", f"{entity.rstrip('s')}_key"}
    return to_column == "id" or any(r in own for _, r, _ in meanings_of(to_column))


def paths(joins: list[Join], start: str) -> dict[str, list[Join]]:
    """Each table that is reached from one, child to parent, by the fewest joins."""
    reached: dict[str, list[Join]] = {start: []}
    queue = [start]
    while queue:
        at = queue.pop(0)
        for join in sorted((j for j in joins if j.table == at), key=lambda j: -j.share):
            if join.to_table not in reached and len(reached[at]) < 3:
                reached[join.to_table] = [*reached[at], join]
                queue.append(join.to_table)
    return reached
