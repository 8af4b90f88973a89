"""What tells a table's rows apart: wholly, or it is no key. Tried over every row that was looked at."""

from itertools import combinations, takewhile

from connectors.understand.dictionary import folded, parts
from connectors.understand.legacy import bare_name
from connectors.understand.looking.guess import CODES
from connectors.understand.looking.proposal import TableProposal
from connectors.understand.looking.scratch import Scratch
from connectors.understand.names import meanings_of

WITHIN = {
    "sequential", "sequence", "seq", "line", "position", "pos", "posnr", "item", "no", "ligne", "linea", "riga",
    "linha", "regel", "lp", "poz", "pozycja", "zeile",
}  # fmt: skip
PARTS = 7  # columns of which keys of two and three are tried
MANY, AMONG_FIRST, LONGEST_KEY = 20, 3, 40  # rows; columns; letters
MOSTLY_ONE = 0.9  # share of different numbers, above which a row is mostly an order of its own
NEARLY = 0.9  # of the rows: a column that tells so many apart looks like a key, and is told


def choose_key(
    table: TableProposal, scratch: Scratch, noun: str | None, shared: frozenset[str] = frozenset()
) -> list[str]:
    """Set the table's key, why, and answer what looked like a key and is none, in sentences.

    shared   folded names that other tables have too: a number by which rows are called elsewhere
    """
    if not table.rows:
        return []
    if table.primary_key:
        table.key, table.key_because = table.primary_key, "primary key of the database"
    else:
        table.key, table.key_because = (
            _single(table, scratch, noun, shared)
            or _composite(table, scratch, noun)
            or _foreign(table, noun)
            or _first(table, noun)
        )
    for column in table.key:
        table.columns[column]["required"] = True
    return [] if table.key else _nearly(table, noun)


def find_amounts_of_orders(table: TableProposal, scratch: Scratch) -> None:
    """Note the amounts of lines that are the same on all lines of an order: they are the order's, and no line's."""
    numbers = [c for c in table.columns if any((e, r) == ("orders", "order_key") for e, r, _ in meanings_of(c))]
    number = next((c for c in numbers if MANY <= table.facts[c].distinct < MOSTLY_ONE * table.facts[c].filled), None)
    amounts = table.of_type("number", "integer")
    if number is None or not amounts:
        return
    cells = [scratch.cell(table.name, table.source_of(c)) for c in (number, *amounts)]
    counted = ", ".join(f"max(case when d{i} > 1 then 1 else 0 end)" for i in range(len(amounts)))
    distinct = ", ".join(f"count(distinct {cell}) as d{i}" for i, cell in enumerate(cells[1:]))
    grouped = f"select {distinct} from {scratch.table(table.name)} group by {cells[0]} having count(*) > 1"
    varies = scratch.rows(f"select {counted} from ({grouped})")[0]
    alike = {c for c, v in zip(amounts, varies, strict=True) if v == 0 and table.facts[c].distinct >= MANY}
    table.of_orders = alike if len(alike) < len(amounts) else set()


def is_key_like(table: TableProposal, column: str) -> bool:
    """Whether a column may tell rows apart: a code, and nobody's address."""
    declared = table.columns[column]
    return declared["type"] in ("text", "integer") and "identifier" not in declared


def _single(
    table: TableProposal, scratch: Scratch, noun: str | None, shared: frozenset[str]
) -> tuple[list[str], str] | None:
    likely = [c for c in table.columns if is_key_like(table, c)]
    called = [c for c in likely if _is_called(table, c, shared)]
    named = [c for c in likely if CODES.search(c) or is_own_key(c, noun) or folded(c) in parts("number")]
    named = [c for c in [*called, *named] if not _is_foreign(c, noun) and not _is_somebodys(c)]
    named.sort(key=lambda c: (not is_own_key(c, noun), c not in called))
    for column in named:
        if table.facts[column].is_unique:
            return [column], f"filled and different in all {table.rows} rows"
    if "{day}" in table.reading.get("pattern", ""):  # each day's file may hold a newer version of a row
        for column in filter(lambda c: is_own_key(c, noun), named):
            cell = scratch.cell(table.name, table.source_of(column))
            counted = scratch.one(f"select count(distinct (_origin, {cell})) from {scratch.table(table.name)}")
            if table.facts[column].filled == counted == table.rows:
                return [column], f"filled and different within each file; {table.facts[column].distinct} in all"
    return None


def _is_called(table: TableProposal, column: str, shared: frozenset[str]) -> bool:
    """Whether rows are called by it in other tables, whatever its name says: mrn of patients, in appointments too."""
    few = table.facts[column].texts[:200]
    return folded(column) in shared and table.rows >= MANY and not any(" " in v or not _has_digit(v) for v in few)


def _has_digit(text: str) -> bool:
    return any(c.isdigit() for c in text)


def _is_somebodys(column: str) -> bool:
    """A telephone or a postal code tells people apart by chance."""
    return bool({role for _, role, _ in meanings_of(column)} & {"phone", "postal_code"})


def is_own_key(column: str, noun: str | None) -> bool:
    """Whether a name is that of the key of what a table holds."""
    return noun is not None and any(
        entity == noun and role.endswith(("_key", "record_id")) and role not in FOREIGN.get(entity, ())
        for entity, role, _ in meanings_of(column)
    )


def _is_foreign(column: str, noun: str | None) -> bool:
    """Whether a name is the number of what another table holds: unique in a few rows, it need not stay so."""
    meant = {(e, r) for e, r, _ in meanings_of(column)}
    if is_own_key(column, noun) or not meant:
        return False
    others = ("record_id", "order_key", "product_key", "account_key")
    numbers = [(e, r) for e, r in meant if r.endswith("_key") or r == "record_id" or e == "person"]
    return bool(numbers) and len(column.split("_")) > 1 and all(e == "person" or r in others for e, r in numbers)


def _foreign(table: TableProposal, noun: str | None) -> tuple[list[str], str] | None:
    """Another's number that is unique here, with what counts within it where there is such a column."""
    for column in table.columns:
        if is_key_like(table, column) and _is_foreign(column, noun) and table.facts[column].is_unique:
            return [column], f"filled and different in all {table.rows} rows, though it is another table's number"
    return None


def _first(table: TableProposal, noun: str | None) -> tuple[list[str], str]:
    """The first column that tells many rows apart, whatever it is called; none where its values are words."""
    unknown = [c for c in list(table.columns)[:AMONG_FIRST] if not meanings_of(c)]
    for column in unknown if not _nearly(table, noun) else []:
        facts = table.facts[column]
        is_word = any(" " in value for value in facts.texts[:200]) or facts.longest > LONGEST_KEY
        if table.rows >= MANY and facts.is_unique and is_key_like(table, column) and not is_word:
            return [column], f"filled and different in all {table.rows} rows, the first that is"
    return [], ""


FOREIGN = {
    "people": ("account_key", "person_key"), "orders": ("account_key",), "order_lines": ("order_key", "product_key"),
    "events": ("session_key", "product_key"), "messages": ("message_key",), "deals": ("account_key",),
    "subscriptions": ("account_key",),
}  # fmt: skip


def _composite(table: TableProposal, scratch: Scratch, noun: str | None) -> tuple[list[str], str] | None:
    """Two or three columns, the fewest and the earliest first; equal lines count as rows, so they are no key."""
    parts = [c for c in table.columns if _is_part(table, c) or (noun == "order_lines" and _is_counter(table, c))]
    parts = _first_ones(table) or parts[:PARTS]
    cells = {c: scratch.cell(table.name, table.source_of(c)) for c in parts}
    for count in (2, 3):
        for chosen in combinations(parts, count):
            counts_within = any(set(c.split("_")) & (WITHIN if c == "no" else WITHIN - {"no"}) for c in chosen)
            if any(table.facts[c].is_unique for c in chosen) and not counts_within:
                continue  # one of them would do
            most = 1
            for column in chosen:
                most *= table.facts[column].distinct
            if most < table.rows or table.rows < 2:
                continue
            named = ", ".join(cells[c] for c in chosen)
            if (
                scratch.one(f"select count(*) from (select distinct {named} from {scratch.table(table.name)})")
                == table.rows
            ):
                return list(chosen), f"together filled and different in all {table.rows} rows"
    return None


def _first_ones(table: TableProposal) -> list[str]:
    """Of an old system's table: its key comes first."""
    first = list(takewhile(lambda c: _is_whole_code(table, c), list(table.columns)[:AMONG_FIRST]))
    is_old = len(first) > 1 and table.rows >= MANY and all(bare_name(table, c) for c in first)
    return first if is_old and not table.facts[first[0]].is_unique else []


def _is_whole_code(table: TableProposal, column: str) -> bool:
    return table.facts[column].filled == table.rows and table.columns[column]["type"] in ("text", "integer")


def _is_counter(table: TableProposal, column: str) -> bool:
    """A line's place within its order, whatever it is called: 1, 2, 3, filled, and no amount."""
    facts = table.facts[column]
    counts = table.columns[column]["type"] == "integer" and facts.filled == facts.rows and facts.longest <= 3
    return counts and {"1", "2"} <= set(facts.texts) and not any(r == "quantity" for _, r, _ in meanings_of(column))


def _is_part(table: TableProposal, column: str) -> bool:
    facts, kind = table.facts[column], table.columns[column]["type"]
    words = (
        "id",
        "no",
        "nr",
        "key",
        "code",
        "line",
        "item",
        "sequential",
        "position",
        "sku",
        "number",
        "ligne",
        "date",
        "day",
    )
    named = bool(CODES.search(column)) or bool(set(column.split("_")) & (set(words) | WITHIN)) or kind == "date"
    named = named or any(role.endswith("_key") or e == "person" for e, role, _ in meanings_of(column))
    is_whole_number_or_code = kind in ("text", "integer", "date") and "identifier" not in table.columns[column]
    return (
        named
        and is_whole_number_or_code
        and not _is_somebodys(column)
        and facts.filled == facts.rows
        and facts.distinct > 1
    )


def _nearly(table: TableProposal, noun: str | None) -> list[str]:
    """What might be taken for a key, with what speaks against it."""
    found = []
    for column, facts in table.facts.items():
        looks_so = is_key_like(table, column) and (is_own_key(column, noun) or CODES.search(column))
        if looks_so and facts.filled and not facts.is_unique and facts.distinct >= NEARLY * facts.filled:
            empty, repeated = facts.rows - facts.filled, facts.filled - facts.distinct
            found.append(
                f"{column} looks like a key and is none: {repeated} of {facts.rows} rows repeat another's, {empty} "
                "have none. Each row is kept as one of its own"
            )
    return found
