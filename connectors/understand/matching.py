"""Which entity a table is, and which of its columns are which of the entity's: by names, types and values."""

from dataclasses import dataclass, field

from babel.numbers import list_currencies

from connectors.understand.dictionary import (
    common_prefix,
    folded,
    meanings,
    noun_of,
    variants,
    words_for,
)
from connectors.understand.entities import DEFINED_BY, ENTITIES, HELPERS, NEEDED, holds
from connectors.understand.legacy import whole_part, whole_words
from connectors.understand.looking.moments import are_days
from connectors.understand.looking.naming import column_name
from connectors.understand.looking.proposal import ITEM, TableProposal
from connectors.understand.names import amount_rank, has_part, meanings_of

ENDINGS = {  # that say how a value is written, not what it is: prices with tax, minor units, wrapped ids and times
    "cents", "minor", "ct", "eur", "usd", "gbp", "brl", "gmt", "utc", "oid", "date", "incl", "inkl", "excl", "exkl",
    "ttc", "ht", "gross", "net", "brutto", "netto", "bruto", "neto", "lordo", "txt", "val", "value", "cd",
    "yn", "flag", "flg",
}  # fmt: skip
ENOUGH = 4.0  # of merit: less, and a table is taken for nothing
BEARS_NAME, IS_DEFINED = 7.0, 6.0  # what a table's name is worth, and the columns that make an entity
FITTING = {
    "number": {"number", "integer"}, "timestamp": {"timestamp", "date"}, "date": {"date", "timestamp"},
    "key": {"text", "integer"}, "ref": {"text", "integer"}, "integer": {"integer", "number"},
    "boolean": {"boolean"}, "email": {"text"}, "phone": {"text"}, "id": {"text"}, "device": {"text", "integer"},
}  # fmt: skip
REPEATING = 0.95  # share of different numbers, below which several rows are one order's
CURRENCIES = frozenset(list_currencies())  # ISO 4217, as CLDR has them
WIDESPREAD = {  # one of these at least: other codes are words too
    "USD", "EUR", "GBP", "JPY", "CNY", "INR", "BRL", "CAD", "AUD", "CHF", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF",
    "RON", "TRY", "RUB", "UAH", "MXN", "ZAR", "KRW", "SGD", "HKD", "NZD", "AED", "SAR", "ILS", "THB", "IDR", "MYR",
    "PHP", "VND", "EGP", "NGN", "KES", "ARS", "CLP", "COP", "PEN",
}  # fmt: skip
MOST_DIFFERENT = {
    "status": 60, "payment_status": 60, "fulfilment_status": 60, "gender": 12, "currency": 40, "country": 300,
    "language": 200, "channel": 60, "priority": 20, "lifecycle": 40, "loyalty_tier": 40,
}  # fmt: skip


@dataclass
class Match:
    """One table taken for one entity."""

    entity: str
    columns: dict[str, str] = field(default_factory=dict)  # the entity's column -> the table's
    merit: float = 0.0
    because: list[str] = field(default_factory=list)
    only_time: str = ""  # the column that is taken for the orders' time, since there is no other


def match(table: TableProposal, entity: str, kind: str = "") -> Match:
    """The columns that fit an entity's by name, type and value, each once, and how much speaks for it.

    kind     what its rows are called, where the table's name says something else of the entity
    """
    noun = (entity, kind) if kind else _noun(table)
    types = ENTITIES[entity] | HELPERS.get(entity, {})
    offers = []
    for position, column in enumerate(table.columns):
        if table.list_of and column == ITEM:
            continue  # a place in a list is nothing's number
        for depth, name in enumerate(_names(table, column, entity, noun)):
            for of_entity, role, rank in meanings_of(name):
                if role == "revenue" and entity == "order_lines" and column in table.of_orders:
                    continue
                if of_entity == entity and fits(table, column, role, types[role]):
                    worse = _emptiness(table, column) + 2 * has_part(column, "beside")  # without tax, a part of it
                    offers.append((rank + 4 * (depth > 0) + worse, position, role, column, name))
    found = Match(entity)
    for _, _, role, column, name in sorted(offers):
        if role not in found.columns and column not in found.columns.values():
            found.columns[role] = column
            sharing = {e for e, _, _ in meanings_of(name) if e != "person"}
            found.merit += {1: 2.0, 2: 1.0}.get(len(sharing), 0.5)
    for kind in ("email", "phone"):  # by value, whatever the column is called
        held = [c for c in table.identified(kind) if c not in found.columns.values()]
        if kind in types and kind not in found.columns and held:
            found.columns[kind] = held[0]
            found.merit += 0.5
    if entity in ("orders", "order_lines"):
        _add_amount(table, found)
    if entity == "orders" and noun is not None and noun[0] == entity and "ordered_at" not in found.columns:
        _add_only_time(table, found)
    if "currency" in types and "currency" not in found.columns and (codes := _currencies(table, found)):
        found.columns["currency"] = codes  # by value
    if entity == "consents" and noun is not None and noun[0] == entity:
        _add_answers(table, found)
    _judge(table, found, noun)
    return found


def _noun(table: TableProposal) -> tuple[str, str] | None:
    """By its name; details of which each has the number of an order of its own are orders."""
    noun = noun_of(table.name)
    own = table.key[0] if len(table.key) == 1 and "_" in table.key[0] else ""
    is_whole = any((e, r) == ("orders", "order_key") for e, r, _ in meanings_of(own)) if own else False
    return ("orders", "order") if noun and noun[0] == "order_lines" and is_whole else noun


def _add_amount(table: TableProposal, found: Match) -> None:
    """What a row is worth, by the parts of a name: wartosc_brutto; the whole rather than what is without a part."""
    given = found.columns.get("revenue")
    if given is not None and not amount_rank(given):
        return
    taken = {c for c in found.columns.values() if c != given} | (table.of_orders if found.entity != "orders" else set())
    ranked = amounts_of(table, list(taken))
    if ranked and given is None:
        found.columns["revenue"] = ranked[0][1]
        found.merit += 1
    elif ranked and ranked[0][0] == 0 and found.entity == "orders":
        found.columns["revenue"] = ranked[0][1]


def _add_only_time(table: TableProposal, found: Match) -> None:
    """When it happened, whatever it is called, where one time alone stands in nearly each row."""
    full = [c for c in table.of_type("timestamp", "date") if table.facts[c].filled > REPEATING * table.rows]
    told = [c for c in full if not has_part(c, "changed") and c not in found.columns.values()]
    if len(told) == 1:
        found.columns["ordered_at"] = told[0]
        found.only_time = told[0]


def amounts_of(table: TableProposal, taken: list[str]) -> list[tuple[int, str]]:
    """The columns that may be what a row is worth, the likeliest first, with their ranks."""
    numbers = [c for c in table.of_type("number", "integer") if c not in taken and not says_nothing(table, c)]
    return ranked_amounts(table, numbers)


def ranked_amounts(table: TableProposal, numbers: list[str]) -> list[tuple[int, str]]:
    called = [(c, _amount_name(table, c)) for c in numbers]
    ranked = [(rank, not has_part(name, "whole"), c) for c, name in called if (rank := amount_rank(name)) is not None]
    return [(rank, c) for rank, _, c in sorted(ranked)]


def _amount_name(table: TableProposal, column: str) -> str:
    """A column's name by its words: in its own script, and whole where it was cut."""
    if whole := whole_part(table, column, "amount"):
        return whole
    return column if table.source_of(column).isascii() else table.source_of(column)


def says_nothing(table: TableProposal, column: str) -> bool:
    """An amount that is nowhere, or zero everywhere."""
    facts = table.facts[column]
    return not facts.filled or (facts.distinct == 1 and not any(c in "123456789" for c in facts.texts[0]))


def _currencies(table: TableProposal, found: Match) -> str | None:
    """The column whose values are all codes of currencies, whatever it is called."""
    free = [c for c in table.of_type("text") if c not in found.columns.values()]
    counted = ((c, {value for value, _ in table.facts[c].common}) for c in free)
    return next((c for c, codes in counted if codes and codes <= CURRENCIES and codes & WIDESPREAD), None)


def _add_answers(table: TableProposal, found: Match) -> None:
    """The columns of a table of consents whose values are yes and no, channels, purposes; whatever they are called."""
    for role, least in (("status", 1.0), ("channel", 0.5), ("purpose", 0.5)):
        words = meanings("consents", role)
        for column, facts in table.facts.items():
            known = sum(folded(value) in words for value, _ in facts.common)
            is_free = role not in found.columns and column not in found.columns.values()
            if is_free and facts.common and known >= least * len(facts.common):
                found.columns[role] = column


def _judge(table: TableProposal, found: Match, noun: tuple[str, str] | None) -> None:
    """Add what the table's name and the entity's own columns are worth; nothing where what it needs is not there."""
    entity, columns = found.entity, set(found.columns)
    key = next(iter(ENTITIES[entity]))
    if noun is not None and noun[0] == entity:
        found.merit += BEARS_NAME
        found.because.append(f"its name says {noun[1].replace('_', ' ')}")
    has_person = any(e == "person" for c in table.columns for e, _, _ in meanings_of(c))
    is_defined = holds(DEFINED_BY[entity], columns) or (
        entity == "orders" and {"ordered_at", "revenue"} <= columns and (has_person or bool(table.identified("email")))
    )
    if is_defined:
        found.merit += IS_DEFINED
    is_of_a_place = noun == ("other", "place") and is_defined and entity in ("orders", "order_lines")  # what it sold
    if not holds(NEEDED[entity], columns) or (noun is not None and noun[0] == "other" and not is_of_a_place):
        found.merit = 0.0
    is_named = noun is not None and noun[0] == entity
    if not is_named and not is_defined:
        found.merit = 0.0  # some names that many tables have
    if entity == "people" and columns <= {"record_id", "person_key", "account_key"} and len(table.columns) > 1:
        found.merit = 0.0  # numbers alone: a table that links others
    if entity == "orders" and (own := found.columns.get(key)) and _is_of_lines(table, own):
        found.merit -= IS_DEFINED + (BEARS_NAME if is_named else 0)  # rather the lines of orders
    if columns - {key}:
        found.because.append(f"it has {', '.join(sorted(columns - {key})[:6])}")


def _is_of_lines(table: TableProposal, order_key: str) -> bool:
    """Whether an order's number stands in several rows, and they are told apart otherwise."""
    facts = table.facts[order_key]
    within = [c for c in table.key if c != order_key]
    if order_key in table.key and within and all(_are_years(table, c) for c in within):
        return False  # numbered anew each year
    repeats = not facts.is_unique and (not table.key or facts.distinct < REPEATING * max(facts.filled, 1))
    return repeats and table.key != [order_key]


def _are_years(table: TableProposal, column: str) -> bool:
    values = [value for value, _ in table.facts[column].common]
    return bool(values) and all(v.isdecimal() and 1980 <= int(v) <= 2079 for v in values)


def _names(table: TableProposal, column: str, entity: str, noun: tuple[str, str] | None) -> list[str]:
    """A column's name, and what it is without its table's; of a JSON path, the ends of it."""
    named = noun_of(table.name)
    is_made_of_details = noun is not None and named is not None and (noun[0], named[0]) == ("orders", "order_lines")
    words = words_for(entity, noun[1] if noun and noun[0] == entity and not is_made_of_details else "")
    names = variants(column, set(words), common_prefix(list(table.columns)))
    names += whole_words(table, column, entity)
    steps = table.source_of(column).split(".")
    names += [column_name("_".join(steps[start:])) for start in range(1, len(steps))]
    if not table.source_of(column).isascii():
        names.append(table.source_of(column))  # in its own script
    for name in list(names):
        head, _, last = name.rpartition("_")
        if last == "id" and any(role in ("status", "stage") for _, role, _ in meanings_of(head)):
            names.append(head)  # of a list of statuses
        if head and last in ENDINGS:
            names.append(head.removesuffix("_in"))
    return list(dict.fromkeys(names))


def _emptiness(table: TableProposal, column: str) -> float:
    return 3.0 * (1 - table.facts[column].filled / table.facts[column].rows) if table.facts[column].rows else 0.0


def fits(table: TableProposal, column: str, role: str, kind: str) -> bool:
    """Whether a column's type and values may be what its name says."""
    declared, facts = table.columns[column], table.facts[column]
    if role == "birth_date" and declared["type"] in ("text", "integer"):
        return are_days(facts.texts)
    if declared["type"] not in FITTING.get(kind, {declared["type"]}):
        return False
    if not facts.filled and facts.rows:
        return False
    if kind in ("email", "phone"):
        return bool(declared.get("identifier") == kind)
    if kind == "id" or declared.get("identifier"):
        return kind == "id" and declared.get("identifier") == "id"
    if kind == "number" and facts.rows and says_nothing(table, column):
        return False
    if role == "status" and _may_be_a_place(column) and not _has_states(table, column):
        return False
    if role in MOST_DIFFERENT and facts.distinct > MOST_DIFFERENT[role]:
        return False
    if kind == "key" and role not in ("record_id", "order_key"):
        return facts.is_unique or table.key == [column]
    has_last_name = any(r == "last_name" for c in table.columns for _, r, _ in meanings_of(c) if c != column)
    return _by_values(role, facts.texts, declared["type"], has_last_name)


def _may_be_a_place(column: str) -> bool:
    return any(role == "region" for _, role, _ in meanings_of(column))


def _has_states(table: TableProposal, column: str) -> bool:
    """Whether half of a column's words are those of some status."""
    known = [meanings(e) for e in ("orders", "deals", "subscriptions", "tickets")] + [
        meanings("people", "account_state")
    ]
    words = [folded(value) for value, _ in table.facts[column].common]
    return bool(words) and sum(any(w in k for k in known) for w in words) >= 0.5 * len(words)


def _by_values(role: str, texts: list[str], kind: str, has_last_name: bool) -> bool:
    """What a name alone would get wrong."""
    few = texts[:500]
    if role == "region" and few:  # `state` of an account is no place, and statecode 0 none
        states, codes = meanings("people", "account_state"), set(few)
        is_code = len(codes) <= 5 and all(v.isdecimal() and len(v) == 1 for v in codes)
        return not is_code and sum(folded(v) in states for v in few) < 0.5 * len(few)
    if role == "order_key" and kind == "text" and few:
        return sum(" " in v.strip() for v in few) < 0.5 * len(few)  # `name` of a person
    if role in ("full_name", "first_name") and few:
        spaced = sum(" " in v.strip() for v in few) > 0.6 * len(few)
        return spaced and not has_last_name if role == "full_name" else not spaced or has_last_name
    if role == "status":
        return kind != "json"
    if role == "country":
        return all(len(v) > 1 and not v.isdecimal() for v in few)
    longest = {"gender": 20, "score": 4}.get(role)
    return longest is None or all(len(v) <= longest for v in few)


def candidates(table: TableProposal) -> list[Match]:
    """The entities a table may be, best first."""
    found = [match(table, entity) for entity in ENTITIES]
    return sorted((m for m in found if m.merit >= ENOUGH), key=lambda m: (-m.merit, m.entity))
