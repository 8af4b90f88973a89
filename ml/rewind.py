"""What later days decided about people and models, taken back: the next night decides it again from what is known then."""

from datetime import date
from typing import Any

from core.rewind import count
from core.settings import Settings
from core.warehouse import connect
from ml import tables

Part = dict[str, Any]
# An id is made from its founder, so the same person gets the same one again; what was sent under it stays in the ledger.
IDENTITY = (
    (
        "identity.merges",
        "merged_day > $1",
        "merges taken back; their stays in segments stay one, and who was merged enters anew",
    ),
    ("identity.issued", "issued_day > $1", "ids taken back"),
)


def rewind(settings: Settings, day: date, apply: bool) -> list[Part]:
    with connect(settings, writer="identity") as db, db.transaction():
        parts = count(db, IDENTITY, day)
        for table, condition, _ in IDENTITY if apply and parts else ():
            if db.exists(table):
                db.execute(f"delete from {table} where {condition}", [day])
    return parts + _scores(settings, day, apply)


def _scores(settings: Settings, day: date, apply: bool) -> list[Part]:
    with connect(settings, writer="scores") as db, db.transaction():
        if not db.exists("scores.models"):
            return []
        models = db.query("select distinct model from scores.models order by model")["model"].to_pylist()
        later = (
            ("scores.models", "trained_day > $1", "versions taken back"),
            *((f"scores.{model}", "as_of_day > $1", "scores taken out") for model in models),
        )
        parts = count(db, later, day)
        for table, condition, _ in later if apply and parts else ():
            if db.exists(table):
                db.execute(f"delete from {table} where {condition}", [day])
        for model in models if apply and parts else ():
            tables.mark_champion(db, model)
    return parts
