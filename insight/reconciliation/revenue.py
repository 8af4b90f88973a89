"""Revenue by month: what the staging model gives, beside plain sums of the money columns in raw.

The raw side takes no expression of the model's but the names of the columns in it, and sums them over the newest
version of each key, by the month of the order's instant. So a wrong column, a wrong sign, cents taken for pounds and
rows that went missing show as a difference; cancelled orders, returns and orders without a currency say what the marts
leave out of it.
"""

from dataclasses import dataclass
from typing import Any

from insight.reconciliation.mapping import StagingModel, words_in
from insight.reconciliation.scope import RawTable, Row, Scope

NUMBERS = ("integer", "number")
NUMBER_TEXT = r"^\s*[-+]?[0-9]+([.][0-9]+)?\s*$"
STAGED = """
    select {month} as month, count(*) as orders, sum(o.revenue) as staged,
        sum(case when o.status = 'completed' and not o.is_return then o.revenue end) as sales,
        sum(case when o.is_return then o.revenue end) as returns,
        sum(case when o.status <> 'completed' and not o.is_return then o.revenue end) as cancelled,
        sum(case when o.currency is null then o.revenue end) as without_currency,
        sum(case when i.person_id is null then o.revenue end) as without_person,
        sum(case when o.revenue is null then 1 else 0 end) as without_revenue
    from intermediate.int_orders__unioned as o
    left join identity.person_identifiers as i on o.person_ref = i.identifier
    where o._source = $1 group by 1 order by 1"""
LINES = """
    select {month} as month, sum(l.revenue) as lines from intermediate.int_order_lines__unioned as l
    inner join intermediate.int_orders__unioned as o on o.order_key = l.order_key
    where o._source = $1 group by 1"""


@dataclass(frozen=True)
class Term:
    """One raw table's part of the revenue: a sum of a column, or of the product of two, in the months of `instant`."""

    table: RawTable
    columns: tuple[str, ...]
    sign: int
    instant: str

    @property
    def name(self) -> str:
        return f"{'-' if self.sign < 0 else ''}{self.table.raw}.{' * '.join(self.columns)}"

    @property
    def value(self) -> str:
        return " * ".join(number_of(self.table, column) for column in self.columns)


def number_of(table: RawTable, column: str) -> str:
    """SQL for a raw column as a number; of a text that is none, NULL."""
    if table.types[column] in NUMBERS:
        return f'cast("{column}" as double precision)'
    text = f'cast("{column}" as varchar)'
    return f"case when {text} ~ '{NUMBER_TEXT}' then cast({text} as double precision) end"


def revenue_rows(scope: Scope) -> list[Row]:
    """{month, orders, source, staged, lines, difference, sales, returns, cancelled, without_currency, without_person,
    without_revenue}; `source` is None where no money column can be told.
    """
    if "orders" not in scope.entities or not scope.columns("identity.person_identifiers"):
        return []
    months: dict[Any, Row] = {}
    for row in scope.rows(STAGED.format(month=scope.month("o.ordered_at")), [scope.source]):
        numbers = {name: _number(value) for name, value in row.items() if name != "month"}
        months[row["month"]] = {"month": row["month"], "source": None, "lines": None} | numbers
    for term in terms_of(scope):
        sums = (
            f"select {scope.month(term.instant)} as month, sum({term.value}) as total from {scope.newest(term.table)}"
        )
        for row in scope.rows(f"{sums} group by 1"):
            month = months.setdefault(row["month"], {"month": row["month"], "orders": 0, "staged": 0.0, "lines": None})
            month["source"] = round((month.get("source") or 0.0) + term.sign * float(row["total"] or 0), 2)
    if "order_lines" in scope.entities:
        for row in scope.rows(LINES.format(month=scope.month("o.ordered_at")), [scope.source]):
            months[row["month"]]["lines"] = _number(row["lines"])
    for month in months.values():
        is_known = month.get("source") is not None
        month["difference"] = round((month["staged"] or 0.0) - month["source"], 2) if is_known else None
    return sorted(months.values(), key=lambda row: row["month"] or "")


def terms_of(scope: Scope) -> list[Term]:
    """What the orders' revenue is made of, a term a raw table, read off the names in the model's `as revenue`."""
    terms: dict[tuple[str, tuple[str, ...]], Term] = {}
    model = scope.entities["orders"]
    for table in [t for t in scope.tables if t.raw in model.raw_tables]:
        instant = _instant(model, table)
        for expression in model.expressions_of("revenue") or ["revenue"]:
            named = [c for c in words_in(expression, table.types) if table.types[c] not in ("timestamp", "date")]
            money = [c for c in named if table.types[c] in NUMBERS] or named  # before the words that decide a sign
            columns = tuple(money[:2] if "*" in expression else money[:1])
            if columns and instant:
                sign = -1 if expression.startswith("-") else 1
                terms.setdefault((table.raw, columns), Term(table, columns, sign, instant))
    return list(terms.values())


def _instant(model: StagingModel, table: RawTable) -> str | None:
    """The raw column of `ordered_at`: the one that the model names so, else the first instant or date it mentions."""
    instants = [name for name, kind in table.types.items() if kind in ("timestamp", "date")]
    named = [c for e in model.expressions_of("ordered_at") for c in words_in(e, instants)]
    own = ["ordered_at"] if "ordered_at" in instants else []
    return next(iter([*named, *own, *(c for c in instants if model.mentions(c))]), None)


def money_columns(scope: Scope) -> list[Row]:
    """{column, total, mapped}: every number of the orders' raw tables, so that the right one can be seen beside the one
    that was taken.
    """
    out: list[Row] = []
    if "orders" not in scope.entities:
        return out
    model, taken = scope.entities["orders"], {(t.table.raw, c) for t in terms_of(scope) for c in t.columns}
    for table in [t for t in scope.tables if t.raw in model.raw_tables]:
        columns = [c for c, kind in table.types.items() if kind in NUMBERS and c not in table.key]
        if columns and scope.columns(f"raw.{table.raw}"):
            sums = ", ".join(f"sum({number_of(table, c)}) as c{n}" for n, c in enumerate(columns))
            totals = scope.rows(f"select {sums} from {scope.newest(table)}")[0]
            for number, column in enumerate(columns):
                row = {"column": f"{table.raw}.{column}", "total": _number(totals[f"c{number}"])}
                out.append(row | {"mapped": (table.raw, column) in taken})
    return out


def _number(value: Any) -> Any:
    """Counts stay whole, money has two places."""
    return value if value is None or isinstance(value, int) else round(float(value), 2)
