"""What later days decided about models, taken back: the next night decides it again from what is known then."""

from datetime import date
from typing import Any

from core.rewind import count
from core.settings import Settings
from core.warehouse import connect
from ml import tables

Part = dict[str, Any]


def rewind(settings: Settings, day: date, apply: bool) -> list[Part]:
    with connect(settings, writer="scores" if apply else None) as db, db.transaction():
        if not db.exists("scores.models"):
            return []
        models = db.query("select distinct model from scores.models order by model")["model"].to_pylist()
        conditions = (
            ("scores.models", "trained_day > $1", "versions taken back"),
            *((f"scores.{model}", "as_of_day > $1", "scores taken out") for model in models),
        )
        parts = count(db, conditions, day)
        for table, condition, _ in conditions if apply and parts else ():
            if db.exists(table):
                db.execute(f"delete from {table} where {condition}", [day])
        for model in models if apply and parts else ():
            tables.mark_champion(db, model)
    return parts
