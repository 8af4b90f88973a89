"""What tells a table's rows apart: wholly, or it is no key. Tried over every row that was looked at."""

from itertools import combinations

from connectors.understand.dictionary import folded, parts
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
NEARLY = 0.9  # of the rows: a column that tells so many apart looks like a key, and is told


def choose_key(table: TableProposal, scratch: Scratch, noun: str | None) -> list[str]:
    """Set the table's key, why, and answer what looked like a key and is none, in sentences."""
    if not table.rows:
        return []
    if table.primary_key:
        table.key, table.key_because = table.primary_key, "primary key of the database"
    else:
        table.key, table.key_because = (
            _single(table, scratch, noun) or _composite(table, scratch) or _foreign(table, noun) or _first(table, noun)
        )
    for column in table.key:
        table.columns[column]["required"] = True
    return [] if table.key else _nearly(table, noun)


def is_key_like(table: TableProposal, column: str) -> bool:
    """Whether a column may tell rows apart: a code, and nobody's address."""
    declared = table.columns[column]
    return declared["type"] in ("text", "integer") and "identifier" not in declared


def _single(table: TableProposal, scratch: Scratch, noun: str | None) -> tuple[list[str], str] | None:
    likely = [c for c in table.columns if is_key_like(table, c)]
    named = [c for c in likely if CODES.search(c) or is_own_key(c, noun) or folded(c) in parts("number")]
    named = [c for c in named if not _is_foreign(c, noun)]
    named.sort(key=lambda c: not is_own_key(c, noun))
    for column in named:
        if table.facts[column].is_unique:
            return [column], f"filled and different in all {table.rows} rows"
    if "{day}" in table.reading.get("pattern", ""):  # each day's file may hold a newer version of a row
        for column in filter(lambda c: is_own_key(c, noun), named):
            cell = scratch.cell(table.name, table.source_of(column))
            counted = scratch.one(f"select count(distinct (_file, {cell})) from {scratch.table(table.name)}")
            if table.facts[column].filled == counted == table.rows:
                return [column], f"filled and different within each file; {table.facts[column].distinct} in all"
    return None


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


def _composite(table: TableProposal, scratch: Scratch) -> tuple[list[str], str] | None:
    """Two or three columns, the fewest and the earliest first; equal lines count as rows, so they are no key."""
    parts = [c for c in table.columns if _is_part(table, c)][:PARTS]
    cells = {c: scratch.cell(table.name, table.source_of(c)) for c in parts}
    for count in (2, 3):
        for chosen in combinations(parts, count):
            counts_within = any(set(c.split("_")) & WITHIN for c in chosen)
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
    return named and is_whole_number_or_code and facts.filled == facts.rows and facts.distinct > 1


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
