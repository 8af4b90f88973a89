"""What an enrichment source is asked for tonight: who is due, within its cap of calls and money; each call is counted
before it is made.
"""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from connectors.kinds.api.spec import Enrichment
from connectors.reading import Request
from core import tables
from core.clock import now
from core.warehouse import Warehouse

CALLS = tables.Table(
    "raw.enrichment_calls",
    pa.schema({"source": "string", "table_name": "string", "value": "string", "day": "date32", "outcome": "string",
               "cost": "float64", "asked_at": "timestamp[us]"}),
)  # fmt: skip
ASKED, ANSWERED = "asked", "answered"  # asked alone: the pull ended before the answer had landed


def ensure_calls(db: Warehouse) -> None:
    tables.ensure(db, CALLS)


def planned(db: Warehouse, terms: Enrichment, request: Request) -> tuple[Request, dict[str, Any]]:
    """The request with tonight's values, which are written down as asked; and what is told of them.

    A value is due where it was never answered, or longer ago than the source's `max_age_days`. Those never asked go
    first, by the model's `priority`, if it has one. An answer that was paid for is not asked for a second time because
    the pull that brought it is repeated.
    """
    ensure_calls(db)
    model = f"marts.ask__{request.table.for_each.ask}" if request.table.for_each else ""
    if not db.exists(model):
        return request, {"asked": 0, "waiting": 0, "cost": 0.0, "note": f"{model} is not built yet"}
    due = _due(db, terms, request, model)
    room = _room(db, terms, request)
    values = due[:room]
    if values:
        db.load(CALLS.name, _rows(request, values, terms.cost_per_call))
    told = {"asked": len(values), "waiting": len(due) - len(values),
            "cost": round(len(values) * terms.cost_per_call, 2), "currency": terms.currency}  # fmt: skip
    return replace(request, values=tuple(values)), told


def _due(db: Warehouse, terms: Enrichment, request: Request, model: str) -> list[str]:
    order = "max(m.priority) desc nulls last, " if "priority" in db.columns(model) else ""
    oldest = request.day - timedelta(days=terms.max_age_days)
    rows = db.query(
        f"""select m.value as value from {model} m left join (
            select value, max(day) as day from {CALLS.name}
            where source = $1 and table_name = $2 and outcome = $3 and day <= $4 group by value) c on c.value = m.value
        where m.value is not null and m.value <> '' and (c.day is null or c.day <= $5)
        group by m.value order by min(c.day) nulls first, {order}m.value""",
        [request.source, request.name, ANSWERED, request.day, oldest],
    )
    return [str(value) for value in rows["value"].to_pylist()]


def _room(db: Warehouse, terms: Enrichment, request: Request) -> int:
    """How many calls the source's terms leave for tonight, all its tables together; a failed call was a call."""
    used = db.query(
        f"""select coalesce(sum(case when day = $2 then 1 else 0 end), 0) as calls, coalesce(sum(cost), 0) as cost
        from {CALLS.name} where source = $1 and day >= $3 and day < $4""",
        [request.source, request.day, *_month(request.day)],
    ).to_pylist()[0]
    room = terms.max_calls_per_day - int(used["calls"])
    if terms.max_cost_per_month is not None:
        left = round(terms.max_cost_per_month - float(used["cost"]), 6)
        room = min(room, int(left / terms.cost_per_call + 1e-9))
    return max(room, 0)


def _month(day: date) -> tuple[date, date]:
    """The first day of the day's month, and of the next."""
    first = day.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1)


def _rows(request: Request, values: list[str], cost: float) -> pa.Table:
    count = len(values)
    columns = [[request.source] * count, [request.name] * count, values, [request.day] * count, [ASKED] * count,
               [cost] * count, [now()] * count]  # fmt: skip
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, CALLS.columns, strict=True)],
        schema=CALLS.columns,
    )


def note_answers(db: Warehouse, request: Request) -> None:
    """What was asked for tonight has its answer in raw, or the answer that there is none."""
    if request.values:
        with db.given("asked_values", pa.table({"value": pa.array(request.values, pa.string())})):
            db.execute(
                f"""update {CALLS.name} set outcome = $4 where source = $1 and table_name = $2 and day = $3
                and value in (select value from asked_values)""",
                [request.source, request.name, request.day, ANSWERED],
            )
