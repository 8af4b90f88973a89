"""A line's discount: a share of its price, a percentage or an amount, by its values."""

from typing import Any

from connectors.understand.looking.proposal import TableProposal
from connectors.understand.matching import says_nothing
from connectors.understand.names import meanings_of
from connectors.understand.plan import HEAVY, MEDIUM, Doubt, Part
from connectors.understand.writing.expressions import scaled

PERCENT = ("percent", "percentage", "pct", "perc", "rate", "prozent", "procent", "pourcentage", "porcentaje", "sconto")


def less_discount(mapper: Any, part: Part, table: TableProposal, worth: str) -> str:
    """What a line is worth without its discount, as an expression; told, since only values say what it is."""
    column = _discount(table, set(part.placed))
    if column is None:
        return worth
    form = form_of(table, column)
    told = {"share": "a share of the price", "percent": "a percentage of the price"}.get(form, "an amount of the line")
    sure = form == "share" or (form == "percent" and _says_percent(column))
    part.placed[column] = "discount"
    mapper.plan.doubts.append(Doubt(
        MEDIUM if sure else HEAVY, table.name, f"{column} is taken off each line, as {told}",
        "Change revenue in the staging model of order_lines where it is none", column,
    ))  # fmt: skip
    if form == "amount":
        return f"{worth} - coalesce({scaled(column)}, 0)"
    return f"{worth} * (1 - coalesce({column}, 0){' / 100.0' if form == 'percent' else ''})"


def _discount(table: TableProposal, placed: set[str]) -> str | None:
    free = [c for c in table.of_type("number", "integer") if c not in placed and not says_nothing(table, c)]
    return next((c for c in free if _is_discount(c)), None)


def _is_discount(column: str) -> bool:
    named = [column, *column.split("_")]
    return any((e, r) == ("orders", "discount") for name in named for e, r, _ in meanings_of(name))


def form_of(table: TableProposal, column: str) -> str:
    """share, percent or amount."""
    values = [abs(float(t.replace(",", ".").strip("% "))) for t in table.facts[column].texts if _is_plain(t)]
    if values and max(values) <= 1:
        return "share"
    if values and max(values) <= 100 and (_says_percent(column) or len(set(values)) <= 20):
        is_whole = all(v == int(v) for v in values)
        return "percent" if _says_percent(column) or is_whole else "amount"
    return "amount"


def _is_plain(text: str) -> bool:
    return text.replace(",", "").replace(".", "").strip("-+% ").isdecimal() and text.count(",") + text.count(".") < 2


def _says_percent(column: str) -> bool:
    return any(word in PERCENT for word in column.split("_"))
