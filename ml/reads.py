"""What each predictive model reads: for the lineage of its scores."""

from collections.abc import Mapping
from typing import Any

import sqlglot
from sqlglot import exp

from core.settings import Settings
from ml.spec import ModelSpec, load_models

KEY = ("person_id", "as_of_day")


def columns_read(settings: Settings, tables: Mapping[str, list[str]]) -> list[dict[str, Any]]:
    """One dictionary a model: model, owner, question, file, table, columns, label, eligible_by.

    tables   schema.table -> its columns, for models that take all columns but some
    """
    return [_reads(spec, tables) for spec in load_models(settings).values()]


def _reads(spec: ModelSpec, tables: Mapping[str, list[str]]) -> dict[str, Any]:
    table = f"marts.{spec.features.table}"
    taken = {*KEY, *spec.features.all_except}
    columns = spec.features.columns or [name for name in tables.get(table, []) if name not in taken]
    condition = sqlglot.parse_one(f"select 1 from f where ({spec.eligible})")
    return {
        "model": spec.name, "owner": spec.owner, "question": spec.question, "file": spec.file, "table": table,
        "columns": list(columns), "label": f"marts.{spec.label}",
        "eligible_by": sorted({column.name for column in condition.find_all(exp.Column)}),
    }  # fmt: skip
