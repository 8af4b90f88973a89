"""Rows of orders that give money back: credit notes and refunds among the sales, whose amounts may bear no minus."""

from typing import Any

from connectors.understand.dictionary import parts, small
from connectors.understand.filling.lookups import labels_of
from connectors.understand.filling.orders_sums import column_sum
from connectors.understand.filling.statuses import listed_words, words_in
from connectors.understand.looking.proposal import TableProposal
from connectors.understand.plan import MEDIUM, Doubt, Part
from connectors.understand.writing.expressions import text

MOST_KINDS = 20  # different values of a column that says what kind of row it is


def take_off_returns(mapper: Any, part: Part, table: TableProposal) -> None:
    """Amounts of rows whose kind is a credit note or a refund count as negative, whichever sign they bear."""
    amount = next((c for c, r in part.placed.items() if r == "revenue"), None)
    if amount is None and not part.group_by:
        return
    for column in table.of_type("text"):
        kinds = _kinds_of_returns(mapper, table, column)
        if column in part.placed or not kinds:
            continue
        listed = listed_words(sorted(kinds))
        rows = sum(count for value, count in table.facts[column].common if small(value) in kinds)
        was = part.columns["revenue"]
        total = column_sum(mapper.proposal, table, amount, where=(column, kinds)) if amount else 1
        if total > 0:
            shown = f"lower({text(column, table)})"
            part.columns["revenue"] = f"case when {shown} in ({listed}) then -abs({was}) else {was} end"
        part.placed[column] = "is_return"
        mapper.plan.doubts.append(Doubt(
            MEDIUM, table.name, f"{rows} rows are credit notes or refunds by {column} ({', '.join(sorted(kinds))}): "
            f"their amounts are taken off{'' if total <= 0 else ', though they bear no minus'}", "", column,
        ))  # fmt: skip
        return


def _kinds_of_returns(mapper: Any, table: TableProposal, column: str) -> set[str]:
    """The values, small, that say so themselves or by their label; {} where all do, or too many differ."""
    counted = table.facts[column].common
    if not 2 <= len(counted) <= MOST_KINDS:
        return set()
    labels = labels_of(mapper, table, column)
    found = {small(v) for v, _ in counted if words_in(labels.get(small(v), v)) & parts("credit")}
    return found if len(found) < len(counted) else set()
