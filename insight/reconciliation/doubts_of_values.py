"""Doubts about values: money that differs, columns that are empty, words that nobody knows."""

from collections.abc import Iterator
from typing import Any

from insight.reconciliation.doubt import DOUBTFUL, TO_CONFIRM, WRONG, Doubt, in_model, percent
from insight.reconciliation.scope import Row, Scope

CENTS_APART = 0.005  # of a month's money: rounding to cents, line by line, is below it
NEARLY_ALL = 0.95
FIRST_YEAR = "1990"  # no shop's database is older; what stands before it is a clock or a type gone wrong
NEEDED = {"people": ("email",), "orders": ("revenue", "ordered_at", "currency"), "consents": ("occurred_at",)}
STATUS_WORDS = ("status", "state", "stage", "cancel", "refund", "return")


def of_revenue(scope: Scope, answer: dict[str, Any]) -> Iterator[Doubt]:
    months: list[Row] = answer["revenue"]
    orders, staged = _sum(months, "orders"), _sum(months, "staged")
    if not orders:
        return
    if _sum(months, "without_revenue") == orders or not any(month["staged"] for month in months):
        detail = f"No revenue in any of {orders:,} orders. {_numbers(answer)}"
        yield in_model(scope, WRONG, "orders", "revenue", detail, "Name the column that holds the order's total.")
        return
    if not any(month.get("sales") for month in months):
        detail = f"None of {orders:,} orders counts as a sale: their status is not completed, or all are returns."
        yield in_model(scope, WRONG, "orders", "status", detail, "Map the source's words to completed and cancelled.")
    yield from _of_difference(scope, answer, months, staged)
    strange = [m["month"] for m in months if m["month"] and not FIRST_YEAR <= m["month"][:4] <= str(scope.day.year)]
    if strange:
        detail = f"Orders in {', '.join(strange[:3])}: is it another column, a number of seconds, another format?"
        yield in_model(scope, DOUBTFUL, "orders", "ordered_at", detail, "See the column's `type` and `format`.")


def _of_difference(scope: Scope, answer: dict[str, Any], months: list[Row], staged: float) -> Iterator[Doubt]:
    known = [month for month in months if month.get("source") is not None]
    if not known:
        mend = "Say `<column> as revenue` in the staging model, or add it up by hand."
        yield in_model(scope, TO_CONFIRM, "orders", "revenue", "No raw column of its revenue could be told.", mend)
        return
    source, of = _sum(known, "source"), ", ".join(answer["revenue_from"])
    if source and abs(staged / source - 0.01) < 0.01 * CENTS_APART:
        detail = f"Revenue is a hundredth of {of} in every month: that column must be in cents."
        yield in_model(scope, TO_CONFIRM, "orders", "revenue", detail, "Look at one order in the shop.")
        return
    wrong = [m for m in known if abs(m["difference"]) > CENTS_APART * max(abs(m["source"]), abs(m["staged"] or 0), 1)]
    if wrong:
        worst = max(wrong, key=lambda month: abs(month["difference"]))
        detail = (
            f"{len(wrong)} of {len(known)} months differ from {of}, most {worst['month'] or 'those without a time'}:"
            f" {worst['staged'] or 0:,.2f} here, {worst['source']:,.2f} there. In all {staged:,.2f} and {source:,.2f}."
            f" {_numbers(answer)}"
        )
        mend = "A wrong column or sign, rows lost on the way, or a rule of yours: see the model."
        yield in_model(scope, DOUBTFUL, "orders", "revenue", detail, mend)


def _numbers(answer: dict[str, Any]) -> str:
    """The numbers that one could have taken, with their sums."""
    columns = [f"{c['column']} {c['total'] or 0:,.2f}" for c in answer["money_columns"]]
    return f"The numbers there: {', '.join(columns)}." if columns else ""


def _sum(rows: list[Row], name: str) -> Any:
    return sum(row.get(name) or 0 for row in rows)


def of_nulls(scope: Scope, answer: dict[str, Any]) -> Iterator[Doubt]:
    for row in answer["nulls"]:
        entity, column, needed = row["entity"], row["column"], NEEDED.get(row["entity"], ())
        if not row["rows"] or not row["mapped"] or not row["nulls"] or (entity, column) == ("orders", "revenue"):
            continue
        detail = f"{column} is NULL in {percent(row['share'])} of {row['rows']:,} {entity}."
        if row["nulls"] == row["rows"]:
            yield in_model(scope, DOUBTFUL, entity, column, detail, "See which raw column it is made of, and its type.")
        elif row["share"] >= NEARLY_ALL or column in needed:
            yield in_model(scope, TO_CONFIRM, entity, column, detail, "See whether the source holds no more.")
    unmapped = {(r["entity"], r["column"]) for r in answer["nulls"] if r["rows"] and not r["mapped"]}
    if ("orders", "currency") in unmapped:
        mend = f"Say which: '{scope.settings.project.currency}' as currency."
        yield in_model(scope, DOUBTFUL, "orders", "currency", "Orders have no currency.", mend)


def of_words(scope: Scope, answer: dict[str, Any]) -> Iterator[Doubt]:
    for entity, column in dict.fromkeys((row["entity"], row["column"]) for row in answer["values"]):
        words = [row for row in answer["values"] if (row["entity"], row["column"]) == (entity, column)]
        unknown = [f"{w['value']} ({percent(w['share'])})" for w in words if w["known"] is False]
        if unknown:
            detail = f"{entity}.{column} has words that the marts do not know: {', '.join(unknown[:8])}."
            yield in_model(scope, DOUBTFUL, entity, column, detail, "Map each to one of the contract's words.")
        if column == "currency" and len([w for w in words if w["value"]]) > 1:
            listed = ", ".join(f"{w['value'] or 'none'} {percent(w['share'])}" for w in words)
            mend = "Amounts are never converted: bring them to one currency, or segment by it."
            yield in_model(scope, TO_CONFIRM, entity, column, f"Several currencies: {listed}.", mend)
        if column in ("status", "is_return") and len(words) == 1:
            yield from _of_assumed(scope, entity, column, words[0])


def _of_assumed(scope: Scope, entity: str, column: str, word: Row) -> Iterator[Doubt]:
    """All rows say the same, while raw has a column that says more and that the model does not read."""
    model = scope.entities[entity]
    for table in [t for t in scope.tables if t.raw in model.raw_tables and scope.columns(f"raw.{t.raw}")]:
        for name in scope.columns(f"raw.{table.raw}"):
            if model.mentions(name) or name.startswith("_") or not any(part in name for part in STATUS_WORDS):
                continue
            counts = scope.rows(
                f'select cast("{name}" as varchar) as value, count(*) as n from {scope.newest(table)}'
                " group by 1 order by n desc, 1 limit 6"
            )
            if len(counts) > 1:
                held = ", ".join(f"{c['value'] or 'nothing'} {int(c['n']):,}" for c in counts)
                detail = f"{column} is {word['value']} in all {entity}, and {table.raw}.{name} says: {held}."
                yield in_model(scope, DOUBTFUL, entity, column, detail, f"Map {name}.")
                return
