"""One doubt: how heavy it is, what it is about, and where it is mended."""

import re
from dataclasses import asdict, dataclass
from typing import Any

from core.project.files import found, shown
from core.project.texts import text_of
from insight.reconciliation.scope import Scope

WRONG, DOUBTFUL, TO_CONFIRM = "wrong", "doubtful", "to_confirm"  # surely · look before a push · a person's to know
WEIGHTS = (WRONG, DOUBTFUL, TO_CONFIRM)


@dataclass(frozen=True)
class Doubt:
    weight: str
    about: str  # table, entity or entity.column
    detail: str
    mend: str
    file: str = ""
    line: int | None = None


def in_model(scope: Scope, weight: str, entity: str, column: str, detail: str, mend: str) -> Doubt:
    """A doubt that is mended in the staging model, at the line where it gives the column."""
    model = scope.entities[entity]
    return Doubt(weight, f"{entity}.{column}" if column else entity, detail, mend, model.file, model.line_of(column))


def in_source(scope: Scope, weight: str, table: str, detail: str, mend: str) -> Doubt:
    """A doubt that is mended in the source file, at the line where its table begins."""
    name, paths = table.partition("__")[2], found(scope.settings, "sources").get(scope.source, [])
    path = paths[0] if paths else None
    if path is None:
        return Doubt(weight, table, detail, mend)
    match = re.search(rf"^\W*{re.escape(name)}\W*:", text := text_of(path, "replace"), re.MULTILINE)
    line = text.count("\n", 0, match.end()) + 1 if match else None
    return Doubt(weight, table, detail, mend, shown(scope.settings, path), line)


def as_rows(doubts: list[Doubt]) -> list[dict[str, Any]]:
    """In order of weight; within one, as they were found."""
    return [asdict(doubt) for doubt in sorted(doubts, key=lambda doubt: WEIGHTS.index(doubt.weight))]


def percent(share: float | None) -> str:
    """So that 99.99 % is not told as all, nor 0.01 % as none."""
    if share is None:
        return "–"
    if 0 < share < 0.01 or 0.99 < share < 1:
        return f"{share:.2%}"
    return f"{share:.0%}"
