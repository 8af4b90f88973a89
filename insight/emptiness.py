"""Why a segment is empty: its own conditions, each counted alone over the rows that they choose from. Reads only."""

import sqlglot
from sqlglot import exp

from core.build import target_path
from core.errors import FairleadError
from core.settings import Settings
from core.warehouse import Warehouse

SEGMENTS = "compiled/fairlead/models/marts/segments"
SHOWN = 3  # conditions; the segment's file has all


def why_empty(db: Warehouse, settings: Settings, segment: str) -> str:
    """Of a segment without people the condition that nobody fulfils, or the table without rows; "" where its SQL of the
    last build is not there or cannot be taken apart.
    """
    file = target_path(settings) / SEGMENTS / f"segment__{segment}.sql"
    return why_no_rows(db, settings.warehouse.engine, file.read_text()) if file.is_file() else ""


def why_no_rows(db: Warehouse, engine: str, sql: str) -> str:
    try:
        whole = sqlglot.parse_one(sql, read=engine)
    except sqlglot.errors.SqlglotError:
        return ""
    for table in whole.find_all(exp.Table):
        table.set("catalog", None)
    if not isinstance(whole, exp.Select):
        return ""
    steps = {step.alias: step.this for step in whole.ctes}
    heads = list(whole.ctes)
    bare = whole.copy()
    bare.set("with_", None)
    bare.set("with", None)
    try:
        return _Reader(db, engine, steps, heads).reason(bare)
    except FairleadError:
        raise  # a lost server or a damaged file is no fault of the words
    except Exception:  # the engine's own: what somebody's SQL may hold that cannot stand alone
        return ""


class _Reader:
    """Counts over parts of one query; every count has the query's own steps before it."""

    def __init__(self, db: Warehouse, engine: str, steps: dict[str, exp.Expression], heads: list[exp.CTE]):
        self.db, self.engine, self.steps, self.heads = db, engine, steps, heads

    def reason(self, select: exp.Expression) -> str:
        """Of a SELECT that gives no rows."""
        if not isinstance(select, exp.Select) or not (start := select.args.get("from_") or select.args.get("from")):
            return ""
        inner = [join.this for join in select.args.get("joins") or [] if join.side not in ("LEFT", "FULL")]
        for table in [start.this, *inner]:
            if isinstance(table, exp.Table) and not self._count(exp.select("*").from_(table.copy())):
                step = self.steps.get(table.name) if not table.db else None
                return self.reason(step) if step is not None else f"{table.name} has no rows"
        where = select.args.get("where")
        return self._conditions(select, where.this) if where else "no row of one table fits one of the other"

    def _conditions(self, select: exp.Select, condition: exp.Expr) -> str:
        parts = list(condition.flatten()) if isinstance(condition, exp.And) else [condition]
        counts = self._counts(select, parts)
        unmet = [part for part, count in zip(parts, counts[1:], strict=True) if not count]
        rows = f"of {counts[0]:,} rows"
        if not unmet:
            return f"{rows} some fulfil each condition, and none all of them"
        return f"{rows} none has " + "; none ".join(self._told(select, part) for part in unmet[:SHOWN])

    def _told(self, select: exp.Select, condition: exp.Expr) -> str:
        """The condition, and which of its columns hold nothing at all."""
        columns = list({column.sql(self.engine): column for column in condition.find_all(exp.Column)}.values())
        filled = self._counts(select, [exp.Not(this=exp.Is(this=c.copy(), expression=exp.Null())) for c in columns])
        blank = [column.name for column, count in zip(columns, filled[1:], strict=True) if not count]
        text = " ".join(condition.sql(self.engine, comments=False).split())
        return text + (f" ({', '.join(blank)} is NULL for all)" if blank else "")

    def _counts(self, select: exp.Select, conditions: list[exp.Expr]) -> list[int]:
        """All rows that the SELECT chooses from, and how many fulfil each condition alone."""
        sums = [f"count(case when {part.sql(self.engine, comments=False)} then 1 end)" for part in conditions]
        chosen = exp.Select(**{k: v.copy() if isinstance(v, exp.Expression) else [j.copy() for j in v]
                               for k, v in select.args.items() if k in ("from_", "from", "joins") and v})  # fmt: skip
        query = chosen.select("count(*)", *sums, dialect=self.engine)
        return [int(value) for value in self._row(query)]

    def _count(self, query: exp.Select) -> int:
        return int(self._row(exp.select("count(*)").from_(query.subquery("rows_of_it")))[0])

    def _row(self, query: exp.Select) -> list[int]:
        heads = ", ".join(head.sql(self.engine, comments=False) for head in self.heads)
        text = query.sql(self.engine, comments=False)
        table = self.db.query(f"with {heads} {text}" if heads else text)
        return [column[0].as_py() for column in table.columns]
