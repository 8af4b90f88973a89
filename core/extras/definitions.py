"""What the kept days of the features were computed from: a definition that has changed since is told.

A grid day of features is kept as it was first computed, unless a column comes or goes. So an aggregate that counts
otherwise under its old name, or a staging model that was mended, holds from the next day on and not before.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from core.clock import now
from core.errors import FairleadError
from core.extras.columns import extras
from core.golden.load import golden
from core.project.files import dbt_models, found
from core.project.texts import text_or_nothing
from core.settings import Settings
from core.tables import Table, ensure
from core.warehouse import connect

DEFINITIONS = Table(
    "ops.feature_definitions", pa.schema({"name": "string", "definition": "string", "recorded_at": "timestamp[us]"})
)
FEATURES = "marts.features__person"
MODELS = (
    "features__person", "int_features__*", "int_people__golden", "int_people__survivors", "int_people__ranked",
)  # fmt: skip
COLUMN = "column "  # before the name of an extra column or own event
COMMENT = re.compile(r"\{#.*?#\}|--[^\n]*", re.DOTALL)
SHOWN = 8  # names in one sentence
IS_BUILT_IN = ("all", "before-scores")


def current(settings: Settings) -> dict[str, str]:
    """Name -> a hash of what it means today: columns of one's own, the models of features, and the staging models."""
    declared = extras(settings)
    staged = {
        column: given["from"] for entities in declared.get("staged", {}).values()
        for columns in entities.values() for column, given in columns.items()
    }  # fmt: skip
    found_now = {}
    for column in declared.get("person", []):
        meant = {key: value for key, value in column.items() if key not in ("meaning", "declared_in", "data_class")}
        if column["is_feature"]:
            found_now[COLUMN + column["name"]] = _hash(
                json.dumps([meant, staged.get(column["column"])], sort_keys=True)
            )
    units = golden(settings, declared.get("columns", {}).get("people", {}))
    found_now["golden_record"] = _hash(json.dumps(units, sort_keys=True))
    staging = [path for paths in found(settings, "staging").values() for path in paths]
    for path in [*staging, *(path for name in MODELS for path in dbt_models(settings, name))]:
        if path.suffix == ".sql":
            found_now[path.stem] = _hash(_bare(path))
    return found_now


def _bare(path: Path) -> str:
    """A model's SQL without comments and spaces, which mean nothing."""
    return " ".join(COMMENT.sub(" ", text_or_nothing(path)).split())


def _hash(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def recorded(settings: Settings) -> dict[str, str]:
    with connect(settings) as db:
        if not db.exists(DEFINITIONS.name) or not db.exists(FEATURES):
            return {}
        rows = db.query(f"select name, definition from {DEFINITIONS.name}").to_pylist()
    return {row["name"]: row["definition"] for row in rows}


def changed(settings: Settings) -> list[str]:
    """Names whose meaning is another than that of the kept days; none where all days are computed anew anyway."""
    before = recorded(settings)
    if not before:
        return []
    today = current(settings)
    if _columns(today) != _columns(before):
        return []
    return sorted(name.removeprefix(COLUMN) for name in before.keys() & today.keys() if before[name] != today[name])


def _columns(names: Iterable[str]) -> set[str]:
    return {name for name in names if name.startswith(COLUMN)}


def record(settings: Settings, stage: str, select: str | None, full: bool) -> None:
    """After a build of the features: everything where all days were computed, else what is new."""
    if stage not in IS_BUILT_IN or select:
        return
    before, today = recorded(settings), current(settings)
    is_anew = full or not before or _columns(today) != _columns(before)
    kept = today if is_anew else {name: before.get(name, meaning) for name, meaning in today.items()}
    if kept == before:
        return
    with connect(settings, writer="ops") as db:
        ensure(db, DEFINITIONS)
        rows = [{"name": name, "definition": meaning, "recorded_at": now()} for name, meaning in sorted(kept.items())]
        db.load(DEFINITIONS.name, pa.Table.from_pylist(rows, DEFINITIONS.columns), mode="replace")


def sentence(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"The kept days of the features were computed by other definitions of {', '.join(names[:SHOWN])}{more}"


def notices(settings: Settings, mend: str) -> list[str]:
    """That they cannot be read does not undo a build: whoever reads the source file says why."""
    try:
        names = changed(settings)
    except FairleadError:
        return []
    return [f"{sentence(names)}. {mend}"] if names else []
